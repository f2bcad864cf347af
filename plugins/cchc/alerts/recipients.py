"""Recipients of alerts, typed from include/alerts/recipients.yaml: who wants which events, by which channel, when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from cchc.alerts.model import (
    SEVERITIES,
    AlertEvent,
    Audience,
    Facts,
    IndicatorFacts,
    IndicatorKind,
    OperatorFacts,
    OperatorKind,
    Severity,
    TaskKind,
)
from cchc.calendar import LOCAL, WorkingDays
from cchc.catalog.model import AgencyCode
from cchc.mistake import CatalogError, Mistake, explain_error, field_path
from cchc.strict_yaml import CLOCK, Clock, Text, of_form, read_document

SMTP_CONNECTION = "alerts_smtp"

# The form of HTML's e-mail fields: one address, no name, no sign that could begin another header.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ONE_DAY = timedelta(days=1)


def is_address(text: str) -> bool:
    """Whether a text is one bare e-mail address."""
    return _ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True)
class QuietHours:
    """The hours ``[begins, ends)``, local; they pass midnight where ``ends`` is earlier than ``begins``."""

    begins: time
    ends: time

    def __contains__(self, clock: time) -> bool:
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


def _read_quiet_hours(written: object) -> QuietHours:
    begins, _, ends = str(written).partition("-")
    if not (CLOCK.fullmatch(begins) and CLOCK.fullmatch(ends)) or begins == ends:
        raise ValueError('is no span of hours, write it as "21:00-06:00"')
    return QuietHours(time.fromisoformat(begins), time.fromisoformat(ends))


IndicatorPattern = Annotated[
    str, of_form(r"[A-Z]+[A-Za-z0-9.-]*\*?", "code of an indicator, write it as II.1.b-1, or its beginning as II.1.*")
]


class Recipient(BaseModel):
    """A recipient of alerts. include/alerts/recipients.yaml explains the fields, where people write them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, of_form(r"[a-z][a-z0-9-]*", "id, write it in small letters a-z, digits and -")]
    name_vi: Text
    audience: Audience
    channel: Literal["email", "webhook", "apprise"]
    address: Annotated[str | None, Field(validate_default=True)] = None
    connection: Annotated[str | None, Field(validate_default=True)] = None
    agencies: Annotated[tuple[AgencyCode, ...], Field(validate_default=True)] = ()
    with_below: StrictBool = False
    indicators: tuple[IndicatorPattern, ...] = ()
    kinds: tuple[Literal[IndicatorKind, TaskKind, OperatorKind], ...] = ()
    least_severity: Severity = "info"
    digest_at: Clock = time(7, 0)
    quiet_hours: Annotated[QuietHours, BeforeValidator(_read_quiet_hours)] | None = None
    working_days_only: StrictBool = True
    gets_escalations: StrictBool = False

    @field_validator("address")
    @classmethod
    def _goes_with_email(cls, address: str | None, info: ValidationInfo) -> str | None:
        _require("email", address, info, {"email"})
        if address is not None and not is_address(address):
            raise ValueError("is no e-mail address, write it as ten@tinh.gov.vn")
        return address

    @field_validator("connection")
    @classmethod
    def _goes_with_other_channels(cls, connection: str | None, info: ValidationInfo) -> str | None:
        _require("webhook or apprise", connection, info, {"webhook", "apprise"})
        return connection

    @field_validator("agencies")
    @classmethod
    def _go_with_performance(cls, agencies: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("audience") == "performance" and not agencies:
            raise PydanticCustomError("missing", "missing")
        return agencies

    @field_validator("quiet_hours")
    @classmethod
    def _spare_the_digest(cls, quiet_hours: QuietHours | None, info: ValidationInfo) -> QuietHours | None:
        if quiet_hours and info.data.get("digest_at", quiet_hours.ends) in quiet_hours:
            raise ValueError("holds the hour of the digest, digest_at: change one of them")
        return quiet_hours

    @property
    def route(self) -> str:
        """The Airflow connection of the recipient's channel."""
        return self.connection or SMTP_CONNECTION

    def covers(self, agency_code: str) -> bool:
        """Whether an agency's results concern this recipient."""
        return any(
            agency_code == code or (self.with_below and agency_code.startswith(f"{code}.")) for code in self.agencies
        )

    def wants(self, event: AlertEvent) -> bool:
        """Whether the recipient wants an event. The severity of an escalation makes no difference."""
        if event.step == "escalated":
            is_grave_enough = self.gets_escalations
        else:
            is_grave_enough = SEVERITIES.index(event.severity) >= SEVERITIES.index(self.least_severity)
        return (
            event.audience == self.audience
            and is_grave_enough
            and (not self.kinds or event.kind in self.kinds)
            and self._is_concerned(event.facts)
        )

    def may_know(self, event: AlertEvent) -> bool:
        """Whether a waiting event still concerns this recipient, whose entry in the file may have changed since."""
        is_own = isinstance(event.facts, OperatorFacts) or not self.agencies or self.covers(event.facts.agency_code)
        return event.audience == self.audience and is_own

    def _is_concerned(self, facts: Facts) -> bool:
        if isinstance(facts, OperatorFacts):
            return True
        if self.agencies and not self.covers(facts.agency_code):
            return False
        if not self.indicators or not isinstance(facts, IndicatorFacts):
            return True
        return any(fnmatchcase(facts.indicator_code, wanted) for wanted in self.indicators)

    def choose_due(self, is_urgent: bool, now: datetime, working_days: WorkingDays) -> datetime:
        """When an event of ``now`` is due: at once if urgent, else with the next digest."""
        if is_urgent:
            return now
        local = now.astimezone(LOCAL)
        day = local.date() if local.time() <= self.digest_at else local.date() + _ONE_DAY
        if self.working_days_only:
            day = working_days.next(day)
        return datetime.combine(day, self.digest_at, LOCAL)

    def is_quiet(self, now: datetime) -> bool:
        """Whether ``now`` lies in the quiet hours: only urgent messages may be sent."""
        return self.quiet_hours is not None and now.astimezone(LOCAL).time() in self.quiet_hours


def _require(channels: str, value: str | None, info: ValidationInfo, takers: set[str]) -> None:
    """Raise an error for a field that its channel needs and lacks, or that belongs to another channel."""
    channel = info.data.get("channel")
    if channel in takers and not value:
        raise PydanticCustomError("missing", "missing")
    if channel is not None and channel not in takers and value:
        raise ValueError(f"goes with channel {channels} only, take it out")


def strip_foreign(event: AlertEvent, recipient: Recipient) -> AlertEvent:
    """The event without contributions of agencies, unless all of these agencies concern the recipient."""
    opened = event.opened_facts
    return replace(
        event, facts=_strip_facts(event.facts, recipient), opened_facts=opened and _strip_facts(opened, recipient)
    )


def _strip_facts(facts: Facts, recipient: Recipient) -> Facts:
    if not isinstance(facts, IndicatorFacts) or facts.change is None:
        return facts
    named = [one.agency_code for one in facts.change.contributions if one.agency_code]
    if recipient.with_below and all(map(recipient.covers, [facts.agency_code, *named])):
        return facts
    return facts.model_copy(update={"change": facts.change.model_copy(update={"contributions": ()})})


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    recipients: tuple[Recipient, ...]


@dataclass(frozen=True)
class RecipientsFile:
    """The recipients of valid entries (``good``), and every mistake in the file."""

    good: tuple[Recipient, ...]
    mistakes: tuple[Mistake, ...] = ()


def load_recipients(path: Path) -> tuple[Recipient, ...]:
    """The recipients of the file. Raises one CatalogError with every mistake."""
    read = read_recipients(path)
    if read.mistakes:
        raise CatalogError(read.mistakes)
    return read.good


def read_recipients(path: Path) -> RecipientsFile:
    """The valid recipients and the mistakes of the file, so that one bad entry stops no other recipient's messages.

    Where two entries have one id, the first counts.
    """
    mistakes: list[Mistake] = []
    document = read_document(path, mistakes) or {}
    recipients = _parse(path.name, document, mistakes) if document or not mistakes else ()
    if not mistakes:
        return RecipientsFile(recipients)
    rejected = {mistake.entry for mistake in mistakes if mistake.field != "id"}
    entries = document.get("recipients")
    good: dict[str, Recipient] = {}
    for entry in entries if isinstance(entries, list) else []:
        for recipient in _parse(path.name, {"recipients": [entry]}, []) if isinstance(entry, dict) else ():
            if f"recipient {recipient.id}" not in rejected:
                good.setdefault(recipient.id, recipient)
    return RecipientsFile(tuple(good.values()), tuple(mistakes))


def _parse(file: str, document: dict[str, Any], mistakes: list[Mistake]) -> tuple[Recipient, ...]:
    try:
        recipients = _File.model_validate(document).recipients
    except ValidationError as invalid:
        for error in invalid.errors():
            entry, within = _find_entry(document, error["loc"])
            mistakes.append(Mistake(file, entry, field_path(within), explain_error(error)))
        return ()
    for name, times in Counter(recipient.id for recipient in recipients).items():
        if times > 1:
            mistakes.append(Mistake(file, f"recipient {name}", "id", f"is there {times} times, it names one recipient"))
    return recipients


def _find_entry(document: dict[str, Any], location: Sequence[int | str]) -> tuple[str, Sequence[int | str]]:
    """The recipient that a pydantic location lies in, and the rest of the location."""
    match location:
        case ("recipients", int(position), *within) if within:
            return f"recipient {document['recipients'][position].get('id', position + 1)}", within
        case _:
            return "", location
