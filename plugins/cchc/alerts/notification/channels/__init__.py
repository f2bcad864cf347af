"""How a message leaves the house: e-mail, webhook, and whatever else Apprise knows."""

import logging

# Their lines hold parts of addresses, and receivers put secrets into these.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
logging.getLogger("apprise").setLevel(logging.CRITICAL)
