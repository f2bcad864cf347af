"""Channels that send a message: e-mail, webhook, and the services of Apprise."""

import logging

# Their log lines hold parts of addresses, and receivers put secrets into addresses.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
logging.getLogger("apprise").setLevel(logging.CRITICAL)
