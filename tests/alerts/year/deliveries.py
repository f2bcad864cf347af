"""What people got in the year, and what they should have got by the planted list."""

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
from tests.alerts.year.scenario import Telling
from tests.sources.scripted_server import Script

# recipient, what it was told, entry or task or source, agency
Item = tuple[str, str, str, str | None]

FOR_OPERATORS = ("source_late", "reconciliation")
# Whose alerts a recipient is told of: of an agency, and of those below it.
COVERED = {"lanh-dao": "H58", "my-tho": "H58.31", "go-cong": "H58.32"}
ENTRY = re.compile(r"^\d+\. (?P<title>.*)\n(?P<lines>(?:   .*\n)*)", re.MULTILINE)
CODE = re.compile(r"\((H58[.\w]*)\)")


@dataclass(frozen=True)
class Letter:
    """A message as it came to a recipient."""

    message_id: str
    recipient: str
    day: date
    subject: str
    text: str
    html: str

    def list_items(self) -> Iterator[Item]:
        """What it tells, entry by entry."""
        for entry in ENTRY.finditer(self.text):
            lines = dict(line.strip().partition(": ")[::2] for line in entry["lines"].splitlines())
            is_first, is_going_on = "Cảnh báo trước" not in lines, "Mã cảnh báo" in lines
            told = "opened" if is_first else "escalated" if is_going_on else "ended"
            agency = CODE.search(lines.get("Cơ quan", ""))
            yield self.recipient, told, lines.get("Nguồn", entry["title"].partition(" ")[0]), agency and agency[1]


def open_mails(mails: Iterable[Mail]) -> list[Letter]:
    """Those of the mail server."""
    return [
        Letter(
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


def open_posts(receiver: Script) -> list[Letter]:
    """Those of the webhook."""
    return [
        Letter(
            message_id=body["message_id"],
            recipient=body["recipient"],
            day=date.fromisoformat(body["composed_at"][:10]),
            subject=body["subject"],
            text=body["text"],
            html=body["html"],
        )
        for _, body in receiver.requests
    ]


def drop_repeats(letters: Iterable[Letter]) -> list[Letter]:
    """Each message once: one that came again after a crash carries the same id, and says the same."""
    first: dict[str, Letter] = {}
    for letter in letters:
        assert first.setdefault(letter.message_id, letter) == letter
    return list(first.values())


def list_expected(planted: Iterable[Alert]) -> Counter[Item]:
    """Who is to be told of what, each once."""
    return Counter(item for alert in planted for item in _list_told(alert))


def _list_told(alert: Alert) -> Iterator[Item]:
    told = ["opened"] + (["ended"] if alert.resolution in ("recovered", "withdrawn") else [])
    if alert.kind in FOR_OPERATORS:
        recipients = ["van-hanh"]
    else:
        recipients = [
            recipient
            for recipient, code in COVERED.items()
            if alert.agency and (alert.agency == code or alert.agency.startswith(f"{code}."))
        ]
    for step in told:
        yield from ((recipient, step, alert.about, alert.agency) for recipient in recipients)
    if alert.escalated_on:
        yield from (("chu-tich", step, alert.about, alert.agency) for step in ("escalated", *told[1:]))


def check_letters(letters: Iterable[Letter], planted: Iterable[Alert]) -> None:
    """Everybody was told of what is planted, once; else an AssertionError says what is missing or too much."""
    expected, told = list_expected(planted), Counter(item for letter in letters for item in letter.list_items())
    lines = [f"missing   {item} × {count}" for item, count in (expected - told).items()]
    lines += [f"too much  {item} × {count}" for item, count in (told - expected).items()]
    if lines:
        raise AssertionError("\n".join(["not what was to be told:", *sorted(lines)]))


def list_foreign_words(letter: Letter, own: str, told: Telling) -> list[str]:
    """Codes and names of agencies but ``own`` and those below it, in whatever part of a message."""
    whole = f"{letter.subject}\n{letter.text}\n{letter.html}"
    codes = set(re.findall(r"H58[.\w]*\w", whole))
    foreign = [code for code in codes if code != own and not code.startswith(f"{own}.")]
    for agency in told.figures.agencies:
        is_own = agency.code == own or agency.code.startswith(f"{own}.") or agency.level == "province"
        if not is_own and agency.name in whole:
            foreign.append(agency.name)
    return foreign
