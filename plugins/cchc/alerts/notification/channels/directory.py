"""The directory of channels: the one place that lists them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cchc.alerts.notification.channels.apprise_url import AppriseChannel
from cchc.alerts.notification.channels.channel import Access, Channel
from cchc.alerts.notification.channels.email import EmailChannel
from cchc.alerts.notification.channels.webhook import WebhookChannel
from cchc.alerts.recipients import Recipient

_KINDS: dict[str, Callable[[Access], Channel]] = {
    "email": EmailChannel,
    "webhook": WebhookChannel,
    "apprise": AppriseChannel,
}


def open_channels(recipients: Iterable[Recipient], read_access: Callable[[str], Access | None]) -> dict[str, Channel]:
    """Airflow connection → channel, for the recipients' connections that ``read_access`` finds (None: it isn't set)."""
    routes = {recipient.route: recipient.channel for recipient in recipients}
    found = {route: (_KINDS[kind], read_access(route)) for route, kind in routes.items()}
    return {route: kind(access) for route, (kind, access) in found.items() if access is not None}
