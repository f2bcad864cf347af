"""The services of Apprise (chats, SMS gateways). The connection's password is the URL, and all of it is secret."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cchc.alerts.notification.channels.channel import Access, ChannelDownError, Message, TemporaryDeliveryError
from cchc.alerts.recipients import Recipient
from cchc.settings import LOOPBACK
from cchc.sources.errors import SourceError
from cchc.sources.http_session import Route, read_route

# Variables in which the services' HTTP client finds proxies, passwords and certificates, in small letters.
_READ_VARIABLES = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "netrc",
    "requests_ca_bundle",
    "curl_ca_bundle",
)


@dataclass(frozen=True)
class AppriseChannel:
    """One Apprise URL. ``access.extra``: ``ca_file`` and ``proxy``, as in the connection of a source.

    ``service_seconds``: time-out for all requests of the service together.
    """

    access: Access
    service_seconds: float = 60

    def send(self, recipient: Recipient, message: Message) -> None:  # noqa: ARG002 - the URL names the recipient
        """Send subject and text with the message's id below. Apprise reports refusals and failures alike."""
        from apprise import Apprise, AppriseAsset
        from apprise.common import NotifyFormat

        asset = AppriseAsset(
            app_id="cchc", async_mode=False, http_redirects=False, service_timeout=self.service_seconds
        )
        service = Apprise(asset=asset)
        # With several services, one that has accepted the message would get it again for the others.
        if not service.add(self.access.password) or len(service) != 1:
            raise ChannelDownError("the connection's password is not one URL that Apprise understands")
        body = f"{message.body_text}\n\n{message.message_id}"
        try:
            route = read_route(self.access.extra)
        except SourceError as error:
            raise ChannelDownError(f"the connection's {error}") from None
        with _set_environment(route):
            is_taken = service.notify(body, message.subject, body_format=NotifyFormat.TEXT)
        if not is_taken:
            raise TemporaryDeliveryError("Apprise could not deliver it")


@contextmanager
def _set_environment(route: Route) -> Iterator[None]:
    """Replace the variables by those of the connection while the block runs: Apprise has no other setting for them."""
    read = {name: value for name, value in os.environ.items() if name.lower() in _READ_VARIABLES}
    given = {"NETRC": os.devnull, "no_proxy": ",".join(sorted(LOOPBACK))}
    if route.proxy:
        given |= {"http_proxy": route.proxy, "https_proxy": route.proxy}
    if route.ca_file:
        given["REQUESTS_CA_BUNDLE"] = route.ca_file
    for name in read:
        del os.environ[name]
    os.environ.update(given)
    try:
        yield
    finally:
        for name in given:
            os.environ.pop(name, None)
        os.environ.update(read)
