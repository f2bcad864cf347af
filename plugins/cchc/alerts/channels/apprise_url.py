"""Whatever Apprise knows (chats, SMS gateways): its URL is the connection's password, and a secret as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from cchc.alerts.channels.channel import Access, ChannelDownError, Message, UndeliveredError
from cchc.alerts.recipients import Recipient


@dataclass(frozen=True)
class AppriseChannel:
    """One Apprise URL. ``service_seconds``: for all that the service asks of its server."""

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
        if not service.notify(body, message.subject, body_format=NotifyFormat.TEXT):
            raise UndeliveredError("Apprise could not deliver it")
