"""The typed parts of a source profile: request policy, windows, logins, endpoints, sheets.

They check themselves, and know no protocol and no request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from cchc.fields.field_map import Field as WireField
from cchc.mistake import FieldMistake
from cchc.strict_yaml import Filled, Identifier, of_form

# The levels of agencies. Each source has its own words for them.
Level = Literal["province", "department", "district", "commune", "division", "public_service_unit"]

ConnectionName = Annotated[
    str, of_form(r"[A-Za-z0-9_.-]+", "name of a connection, write it in letters a-z, digits and _")
]
FileName = Annotated[
    str,
    of_form(
        r"[a-z][a-z0-9_.]*", "name of an SQL file, write it in small letters a-z, digits, _ and points, without .sql"
    ),
]
UrlPath = Annotated[str, of_form(r"/[^\s?#]*", "path of a URL, begin it with / and leave out spaces, ? and #")]


class Model(BaseModel):
    """The base of all parts: frozen, and without fields that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestPolicy(Model):
    """How politely a source is asked. Times are in seconds, sizes in bytes.

    ``read_timeout_seconds``: between two bytes; ``answer_timeout_seconds``: for a whole answer. ``tries``: at most 4.
    """

    pause_seconds: float = Field(ge=0)
    connect_timeout_seconds: float = Field(gt=0)
    read_timeout_seconds: float = Field(gt=0)
    answer_timeout_seconds: float = Field(default=120, gt=0)
    tries: int = Field(ge=1, le=4)
    first_wait_seconds: float = Field(ge=0)
    max_wait_seconds: float = Field(ge=0)
    max_body_bytes: int = Field(gt=0)
    firewall_signs: tuple[str, ...] = ()

    def find_mistakes(self) -> Iterator[FieldMistake]:
        """Times that contradict each other."""
        if self.first_wait_seconds > self.max_wait_seconds:
            compared = f"{self.first_wait_seconds:g} is longer than max_wait_seconds, {self.max_wait_seconds:g}"
            yield "first_wait_seconds", f"{compared}: correct one"
        if self.answer_timeout_seconds < self.read_timeout_seconds:
            compared = (
                f"{self.answer_timeout_seconds:g} is less than read_timeout_seconds, {self.read_timeout_seconds:g}"
            )
            yield "answer_timeout_seconds", f"{compared}, though a whole answer takes longer than a part: correct one"

    def override(self, extra: Mapping[str, Any]) -> RequestPolicy:
        """The policy with the values of a connection's extra in place of its own. Raises ValidationError."""
        known = {key: value for key, value in extra.items() if key in RequestPolicy.model_fields}
        return RequestPolicy.model_validate({**self.model_dump(), **known})


def _check_several(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) < 2:
        raise PydanticCustomError("too_few" if names else "too_short", "too few")
    return names


class Derived(Model):
    """A variant made of several reported metrics, which ``of`` names."""

    of: Annotated[tuple[str, ...], AfterValidator(_check_several)]
    by: Literal["union", "least"] = Field(alias="as")


class Metric(Model):
    """The place of one metric on the wire. ``numerator`` … are field names of a tree; metrics[] have fixed ones.

    ``required``: an indicator or measure uses it, so that an answer without it is stopped.
    """

    metric: Identifier
    numerator: str | None = None
    denominator: str | None = None
    ratio: str | None = None
    additive: bool = False
    required: bool = True
    children: Literal["own", "none"] = "own"


class Endpoint(Model):
    """One endpoint of the portal's evaluation protocol."""

    shape: Literal["evaluation", "tree"]
    page_size: int = Field(gt=0)
    metrics: Annotated[dict[str, Metric], Filled]
    other_fields: tuple[str, ...] = ()
    period_as_dates: bool = False

    def find_mistakes(self) -> Iterator[FieldMistake]:
        """Parts that a tree leaves unnamed, or that an evaluation names though they have fixed places."""
        for wire, metric in self.metrics.items():
            for name in ("numerator", "denominator"):
                if self.shape == "tree" and getattr(metric, name) is None:
                    yield f"metrics.{wire}.{name}", "is missing for shape: tree, name the field"
            for name in ("numerator", "denominator", "ratio"):
                if self.shape == "evaluation" and getattr(metric, name) is not None:
                    yield f"metrics.{wire}.{name}", "goes with shape: tree, take it out"


class DayWindows(Model):
    """Windows of days: from the last complete day on, with ``reread_days`` before it once more."""

    kind: Literal["days"]
    reread_days: int = Field(ge=0)
    max_days: int = Field(gt=0)


class BudgetYearWindows(Model):
    """Windows of budget years: values cumulative to a closing day, for every budget year that is open on it."""

    kind: Literal["budget_years"]


def check_request(sent: Iterable[str], windows: DayWindows | BudgetYearWindows) -> Iterator[FieldMistake]:
    """Placeholders that stand twice or are left out: the answer would be of another window than the archive shows."""
    times = Counter(sent)
    yield from (("request", f"sends {name} twice, give each field its own") for name in times if times[name] > 1)
    if isinstance(windows, BudgetYearWindows):
        needed = [] if {"{year}", "{end}"} & times.keys() else ["{year} or {end}"]
    elif windows.max_days == 1:
        needed = [] if {"{start}", "{end}"} & times.keys() else ["{start} or {end}"]
    else:
        needed = [name for name in ("{start}", "{end}") if name not in times]
    yield from (("request", f"doesn't send {name}, by which the source knows the window: add it") for name in needed)


class HeaderAuth(Model):
    """The connection's password in a header of every request."""

    kind: Literal["header"]
    header: Annotated[str, of_form(r"[A-Za-z0-9-]+", "name of a header, write it in letters a-z, digits and -")]


class ClientCredentialsAuth(Model):
    """A token for the connection's login and password, asked for at ``path``."""

    kind: Literal["client_credentials"]
    path: UrlPath


class Sheet(Model):
    """One kind of sheet: heading → column."""

    fields_: dict[str, WireField] = Field(alias="fields")


def name_headings(inbox: str, kinds: Iterable[Mapping[str, WireField]]) -> dict[str, str]:
    """The files of an inbox that belong to a source: it knows them by the headings that they must have."""
    required = [sorted(heading for heading, wire in fields.items() if wire.required) for fields in kinds]
    return {f"files of inbox {inbox} with the headings {', '.join(headings)}": "inbox" for headings in required}


def find_repeated(field: str, names: Iterable[str]) -> Iterator[FieldMistake]:
    """Names of a list that stand in it more than once."""
    for name, times in Counter(names).items():
        if times > 1:
            yield field, f'"{name}" is there {times} times, keep one'
