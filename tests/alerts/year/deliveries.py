"""The messages that recipients got in the year, and those that the expected alerts require."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Literal

from cchc.calendar import LOCAL
from tests.alerts.smtp_server import Mail
from tests.alerts.year.alerts import Alert
from tests.alerts.year.scenario import Scenario
from tests.sources.scripted_server import Script

# recipient, step, indicator or task or source, agency
Item = tuple[str, str, str, str | None]

FOR_OPERATORS = ("source_late", "reconciliation")
# Recipient → the agency of its alerts, with the agencies below it.
COVERED = {"lanh-dao": "H58", "my-tho": "H58.31", "go-cong": "H58.32"}
ITEM = re.compile(r"^\d+\. (?P<title>.*)\n(?P<lines>(?:   .*\n)*)", re.MULTILINE)
CODE = re.compile(r"\((H58[.\w]*)\)")


@dataclass(frozen=True)
class Delivery:
    """A message as a recipient got it."""

    message_id: str
    recipient: str
    day: date
    subject: str
    text: str
    html: str

    def list_items(self) -> Iterator[Item]:
        """Its items, one for each alert."""
        for item in ITEM.finditer(self.text):
            lines = dict(line.strip().partition(": ")[::2] for line in item["lines"].splitlines())
            is_first, is_going_on = "Cảnh báo trước" not in lines, "Mã cảnh báo" in lines
            step = "opened" if is_first else "escalated" if is_going_on else "ended"
            agency = CODE.search(lines.get("Cơ quan", ""))
            yield self.recipient, step, lines.get("Nguồn", item["title"].partition(" ")[0]), agency and agency[1]


def read_mails(mails: Iterable[Mail]) -> list[Delivery]:
    """The messages of the mail server."""
    return [
        Delivery(
            message_id=mail.message_id,
            recipient=mail.addresses[0].partition("@")[0],
            day=parsedate_to_datetime(mail.content["Date"]).astimezone(LOCAL).date(),
            subject=mail.content["Subject"],
            text=_read_part(mail, "plain"),
            html=_read_part(mail, "html"),
        )
        for mail in mails
    ]


def _read_part(mail: Mail, kind: Literal["plain", "html"]) -> str:
    part = mail.content.get_body((kind,))
    assert part
    content: str = part.get_content()
    return content


def read_posts(receiver: Script) -> list[Delivery]:
    """The messages of the webhook."""
    return [
        Delivery(
            message_id=body["message_id"],
            recipient=body["recipient"],
            day=date.fromisoformat(body["composed_at"][:10]),
            subject=body["subject"],
            text=body["text"],
            html=body["html"],
        )
        for _, body in receiver.requests
    ]


def drop_repeats(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Each message once; one that came again after a crash must have the same id and the same text."""
    first: dict[str, Delivery] = {}
    for delivery in deliveries:
        assert first.setdefault(delivery.message_id, delivery) == delivery
    return list(first.values())


def list_expected(expected: Iterable[Alert]) -> Counter[Item]:
    """The items that recipients must get, each once."""
    return Counter(item for alert in expected for item in _list_items(alert))


def _list_items(alert: Alert) -> Iterator[Item]:
    steps = ["opened"] + (["ended"] if alert.resolution in ("recovered", "withdrawn") else [])
    if alert.kind in FOR_OPERATORS:
        recipients = ["van-hanh"]
    else:
        recipients = [
            recipient
            for recipient, code in COVERED.items()
            if alert.agency and (alert.agency == code or alert.agency.startswith(f"{code}."))
        ]
    for step in steps:
        yield from ((recipient, step, alert.about, alert.agency) for recipient in recipients)
    if alert.escalated_on:
        yield from (("chu-tich", step, alert.about, alert.agency) for step in ("escalated", *steps[1:]))


def check_deliveries(deliveries: Iterable[Delivery], expected: Iterable[Alert]) -> None:
    """Check that each expected item was delivered once; an AssertionError lists missing and surplus ones."""
    wanted, found = list_expected(expected), Counter(item for one in deliveries for item in one.list_items())
    lines = [f"missing   {item} × {count}" for item, count in (wanted - found).items()]
    lines += [f"too much  {item} × {count}" for item, count in (found - wanted).items()]
    if lines:
        raise AssertionError("\n".join(["not the deliveries wanted:", *sorted(lines)]))


def list_foreign_words(delivery: Delivery, own: str, scenario: Scenario) -> list[str]:
    """Codes and names of agencies but ``own`` and those below it, in whatever part of a message."""
    whole = f"{delivery.subject}\n{delivery.text}\n{delivery.html}"
    codes = set(re.findall(r"H58[.\w]*\w", whole))
    foreign = [code for code in codes if code != own and not code.startswith(f"{own}.")]
    for agency in scenario.values.agencies:
        is_own = agency.code == own or agency.code.startswith(f"{own}.") or agency.level == "province"
        if not is_own and agency.name in whole:
            foreign.append(agency.name)
    return foreign
