"""The portal's questions: endpoint, period and page."""

from __future__ import annotations

from abc import abstractmethod
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
RENEWED_AT = timedelta(hours=2)

ENDPOINTS = (
    "transparency",
    "handling-satisfaction",
    "dossier-digitized",
    "dvc-progress-tree",
    "provide-online-tree",
    "formality-online-payment-tree",
)


class RefusedError(Exception):
    """A request that the portal doesn't answer; ``status`` is the HTTP status, ``code`` the envelope's.

    The real portal's error bodies aren't known: these keep its envelope and state the error.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Period:
    """A whole year, quarter or month; ``last`` is its last day, also while the period still runs."""

    kind: Literal["year", "quarter", "month"]
    first: date
    last: date

    @classmethod
    def of_months(cls, year: int, first: int, last: int) -> Period:
        """The period from month ``first`` to month ``last``: a year, a quarter or a month by its length."""
        kind: Literal["year", "quarter", "month"] = "year" if last - first == 11 else "quarter"
        if first == last:
            kind = "month"
        return cls(kind, date(year, first, 1), date(year, last, monthrange(year, last)[1]))

    @property
    def months(self) -> range:
        """The numbers of its months."""
        return range(self.first.month, self.last.month + 1)


class Question(BaseModel):
    """The fields of every body. Unknown fields are refused: a filter by procedure isn't simulated."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)

    root_department_id: str
    current_page: Annotated[int, Field(ge=1)]
    page_size: Annotated[int, Field(ge=1, le=1000)]

    @abstractmethod
    def period(self) -> Period:
        """The period asked for; raises RefusedError 400 when it isn't a whole one."""


class PeriodQuestion(Question):
    """The question of five endpoints: ``timeType``, ``year`` and, where it applies, ``quarter`` or ``month``."""

    time_type: Literal["year", "quarter", "month"]
    year: Annotated[int, Field(ge=1, le=9999)]
    quarter: Annotated[int, Field(ge=1, le=4)] | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None

    def period(self) -> Period:
        """The period by its kind and number."""
        if self.time_type == "month" and self.month:
            return Period.of_months(self.year, self.month, self.month)
        if self.time_type == "quarter" and self.quarter:
            return Period.of_months(self.year, 3 * self.quarter - 2, 3 * self.quarter)
        if self.time_type == "year":
            return Period.of_months(self.year, 1, 12)
        raise RefusedError(400, "BAD_REQUEST", f"timeType {self.time_type} without its {self.time_type}")


class DatesQuestion(Question):
    """The question of handling-satisfaction: first and last day of the whole period."""

    from_date: str
    to_date: str

    def period(self) -> Period:
        """The period by its first and last day."""
        try:
            first, last = date.fromisoformat(self.from_date), date.fromisoformat(self.to_date)
        except ValueError as error:
            raise RefusedError(400, "BAD_REQUEST", f"fromDate, toDate: {error}") from error
        for months in (1, 3, 12):
            start = first.month
            if (start - 1) % months == 0:
                period = Period.of_months(first.year, start, start + months - 1)
                if (period.first, period.last) == (first, last):
                    return period
        raise RefusedError(400, "BAD_REQUEST", f"{first} to {last} is no whole month, quarter or year")


def parse_question(endpoint: str, body: bytes) -> Question:
    """Read the JSON ``body`` of a request to ``endpoint``.

    Raises RefusedError 404 for an unknown endpoint, 400 for a body that doesn't fit the endpoint.
    """
    if endpoint not in ENDPOINTS:
        raise RefusedError(404, "NOT_FOUND", f"no endpoint {endpoint}")
    model = DatesQuestion if endpoint == "handling-satisfaction" else PeriodQuestion
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise RefusedError(400, "BAD_REQUEST", reasons) from error


def described_day(now: datetime) -> date:
    """The day whose end the portal's values describe at ``now``: at 02:00 the whole day before is added."""
    return (now.astimezone(LOCAL) - RENEWED_AT).date() - timedelta(days=1)
