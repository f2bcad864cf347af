"""Whatever Apprise knows (chats, SMS gateways): its URL is the connection's password, and a secret as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cchc.alerts.notification.channels.channel import Access, ChannelDownError, Message, UndeliveredError
from cchc.alerts.recipients import Recipient
from cchc.sources.errors import SourceError
from cchc.sources.http_session import LOOPBACK, Route, read_route

# Where the services' HTTP client looks, in small letters: for proxies, passwords, certificates.
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
    """One Apprise URL. ``access.extra``: ``ca_file`` and ``proxy`` as of a source.

    ``service_seconds``: for all that the service asks of its server.
    """

    access: Access
    service_seconds: float = 60

    def send(self, recipient: Recipient, message: Message) -> None:  # noqa: ARG002 - the URL says to whom
        """Send subject and text, the message's id below. Apprise doesn't tell refusals from failures."""
        from apprise import Apprise, AppriseAsset
        from apprise.common import NotifyFormat

        asset = AppriseAsset(
            app_id="cchc", async_mode=False, http_redirects=False, service_timeout=self.service_seconds
        )
        service = Apprise(asset=asset)
        # Of several the ones that took it would get it again with each try for the others.
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
            raise UndeliveredError("Apprise could not deliver it")


@contextmanager
def _set_environment(route: Route) -> Iterator[None]:
    """Let only the connection say how the server is asked: Apprise can't be told, it reads the environment."""
    read = {name: value for name, value in os.environ.items() if name.lower() in _READ_VARIABLES}
    told = {"NETRC": os.devnull, "no_proxy": ",".join(sorted(LOOPBACK))}
    if route.proxy:
        told |= {"http_proxy": route.proxy, "https_proxy": route.proxy}
    if route.ca_file:
        told["REQUESTS_CA_BUNDLE"] = route.ca_file
    for name in read:
        del os.environ[name]
    os.environ.update(told)
    try:
        yield
    finally:
        for name in told:
            os.environ.pop(name, None)
        os.environ.update(read)
