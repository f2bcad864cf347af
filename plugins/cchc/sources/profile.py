"""Source profiles: include/sources/<source>.yaml, read by typed models, one for each protocol."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from cchc.settings import SOURCES
from cchc.sources.fields import Field as WireField

# Every task reads a profile; libyaml's loader is ten times as fast as Python's.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ProfileError(Exception):
    """A profile that can't be read; the message names file and field."""


class Model(BaseModel):
    """Frozen, and nothing in it that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestPolicy(Model):
    """How politely a source is asked. Seconds and bytes."""

    pause_seconds: float = Field(ge=0)
    connect_timeout_seconds: float = Field(gt=0)
    read_timeout_seconds: float = Field(gt=0)
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

    of: tuple[str, ...]
    by: Literal["union", "least"] = Field(alias="as")


class BaseProfile(Model):
    """What every source has. ``source`` is the file's name, and the first word of its measures.

    Staged are ``staging.<staging>_response`` and ``staging.<staging>_<rows>``, judged by the suites of the same names;
    ``publish`` and ``measures`` name files of include/sql/. ``inbox``: the connection of a folder with its files.
    ``is_judged_by_history``: rules compare a load with what earlier ones have told.
    """

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name_vi: str
    connection: str
    owner: str
    schedule: str
    allowed_delay_days: int = Field(ge=0)
    max_rejected_share: Decimal = Field(ge=0, le=1)
    staging: str
    rows: str
    publish: tuple[str, ...]
    measures: str
    derived: dict[str, Derived] = {}
    inbox: str | None = None
    is_judged_by_history: bool = False

    @property
    @abstractmethod
    def entities(self) -> tuple[str, ...]:
        """What is asked for, as ops.load names it."""

    @abstractmethod
    def metrics(self) -> frozenset[str] | None:
        """The names of its figures, as the catalog writes them: <source>.<metric>; None: the catalog's codes."""

    def optional_metrics(self) -> frozenset[str]:
        """Those of metrics() that an answer may lack, so that nothing may depend on them."""
        return frozenset()


class Metric(Model):
    """Where one figure is on the wire. ``numerator`` … are field names of a tree; metrics[] have fixed ones.

    ``required``: something uses it, so an answer without it is stopped.
    """

    metric: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
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
    metrics: dict[str, Metric]
    other_fields: tuple[str, ...] = ()
    period_as_dates: bool = False


class PortalProfile(BaseProfile):
    """The portal's evaluation protocol: snapshots of the year and of the month just ended."""

    protocol: Literal["portal_evaluation"]
    requests: RequestPolicy
    levels: dict[str, str]
    endpoints: dict[str, Endpoint]

    @property
    def entities(self) -> tuple[str, ...]:
        """The endpoints, in the order in which they are asked."""
        return tuple(self.endpoints)

    def metrics(self) -> frozenset[str]:
        """Of all endpoints."""
        return frozenset(f"{self.source}.{wire.metric}" for wire in self._wires())

    def optional_metrics(self) -> frozenset[str]:
        """Those that feed nothing."""
        return frozenset(f"{self.source}.{wire.metric}" for wire in self._wires() if not wire.required)

    def _wires(self) -> list[Metric]:
        return [wire for endpoint in self.endpoints.values() for wire in endpoint.metrics.values()]


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
    header: str


class ClientCredentialsAuth(Model):
    """A token for the connection's login and password, asked for at ``path``."""

    kind: Literal["client_credentials"]
    path: str


class RecordsProfile(BaseProfile):
    """An API of records: POST, an envelope with error_code and TotalCount, rows in ``data``.

    ``request``: what is sent, {start}, {end} and {year} filled in from the window. ``page_size`` None: one answer.
    ``fields``: the allow-list, wire name → column; ``key``: the columns that name a row.
    """

    protocol: Literal["records"]
    requests: RequestPolicy
    windows: Annotated[DayWindows | BudgetYearWindows, Field(discriminator="kind")]
    auth: Annotated[HeaderAuth | ClientCredentialsAuth, Field(discriminator="kind")]
    path: str
    request: dict[str, str]
    page_size: int | None = Field(default=None, gt=0)
    success_codes: tuple[str, ...]
    key: tuple[str, ...]
    fields_: dict[str, WireField] = Field(alias="fields")
    metrics_: tuple[str, ...] = Field(alias="metrics")

    @property
    def entities(self) -> tuple[str, ...]:
        """The last word of the path."""
        return (self.path.rpartition("/")[2],)

    def metrics(self) -> frozenset[str]:
        """As listed."""
        return frozenset(f"{self.source}.{metric}" for metric in self.metrics_)


class Sheet(Model):
    """One kind of sheet: heading → column."""

    fields_: dict[str, WireField] = Field(alias="fields")


class FilesProfile(BaseProfile):
    """Files that people put into the inbox."""

    protocol: Literal["files"]
    inbox: str
    sheets: dict[str, Sheet]

    @property
    def entities(self) -> tuple[str, ...]:
        """A file is loaded as one."""
        return ("return",)

    def metrics(self) -> None:
        """The catalog's codes."""


Profile = PortalProfile | RecordsProfile | FilesProfile
_ADAPTER: TypeAdapter[Profile] = TypeAdapter(Annotated[Profile, Field(discriminator="protocol")])


def read_profile(path: Path) -> Profile:
    """Read one profile; raises ProfileError with file and field."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - either is a safe one
        return _ADAPTER.validate_python({"source": path.stem, **content})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:] or first["loc"])
        raise ProfileError(f"{path.name}, field {field or 'protocol'}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError, OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path.name}: {error}") from error


def read_profiles(folder: Path = SOURCES) -> list[Profile]:
    """All profiles of a folder, by name."""
    return [read_profile(path) for path in sorted(folder.glob("*.yaml"))]
