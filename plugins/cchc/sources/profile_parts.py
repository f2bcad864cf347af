"""The parts of a source profile, typed: how a source is asked, which windows it has, where its figures are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cchc.document import Identifier
from cchc.sources.fields import Field as WireField

# The levels of agencies. A source has its own words for them.
Level = Literal["province", "department", "district", "commune", "division", "public_service_unit"]

ConnectionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]*$")]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[^\s?#]*$")]
Filled = Field(min_length=1)

# (field, what is wrong and what to do)
Finding = tuple[str, str]


class Model(BaseModel):
    """Frozen, and nothing in it that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestPolicy(Model):
    """How politely a source is asked. Seconds and bytes.

    ``read_timeout_seconds``: between two bytes; ``answer_timeout_seconds``: for all of an answer.
    """

    pause_seconds: float = Field(ge=0)
    connect_timeout_seconds: float = Field(gt=0)
    read_timeout_seconds: float = Field(gt=0)
    answer_timeout_seconds: float = Field(default=120, gt=0)
    tries: int = Field(ge=1, le=4)
    first_wait_seconds: float = Field(ge=0)
    longest_wait_seconds: float = Field(ge=0)
    largest_body_bytes: int = Field(gt=0)
    firewall_signs: tuple[str, ...] = ()

    def override(self, extra: Mapping[str, Any]) -> RequestPolicy:
        """The policy, with what a connection's extra says otherwise."""
        known = {key: value for key, value in extra.items() if key in RequestPolicy.model_fields}
        return RequestPolicy.model_validate({**self.model_dump(), **known})


class Derived(Model):
    """A reading made of several figures; ``of`` names them."""

    of: Annotated[tuple[str, ...], Field(min_length=2)]
    by: Literal["union", "least"] = Field(alias="as")


class Metric(Model):
    """Where one figure is on the wire. ``numerator`` … are field names of a tree; metrics[] have fixed ones.

    ``required``: something uses it, so an answer without it is stopped.
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

    def findings(self) -> Iterator[Finding]:
        """A tree says where the parts of its metrics are, an evaluation has fixed places for them."""
        for wire, metric in self.metrics.items():
            for name in ("numerator", "denominator"):
                if self.shape == "tree" and getattr(metric, name) is None:
                    yield f"metrics.{wire}.{name}", "is missing for shape: tree, name the field"
            for name in ("numerator", "denominator", "ratio"):
                if self.shape == "evaluation" and getattr(metric, name) is not None:
                    yield f"metrics.{wire}.{name}", "goes with shape: tree, take it out"


class DayWindows(Model):
    """A source of days: read on from the last complete window, the last ``reread_days`` once more."""

    kind: Literal["days"]
    reread_days: int = Field(ge=0)
    longest_days: int = Field(gt=0)


class BudgetYearWindows(Model):
    """Cumulative to a closing day, for every budget year that is open on it."""

    kind: Literal["budget_years"]


class HeaderAuth(Model):
    """The connection's password in a header of every request."""

    kind: Literal["header"]
    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]


class ClientCredentialsAuth(Model):
    """A token for the connection's login and password, asked for at ``path``."""

    kind: Literal["client_credentials"]
    path: UrlPath


class Sheet(Model):
    """One kind of sheet: heading → column."""

    fields_: dict[str, WireField] = Field(alias="fields")
