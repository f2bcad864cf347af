"""The two base classes of sources: ``Profile``, what every source has, and ``ApiProfile``, one that is asked over HTTP.

A source is one object: its profile, read from include/sources/<source>.yaml, is an instance of the class of its
protocol. That class knows the fields of the YAML, the windows of a data date, the requests, and the meaning of an
answer. ``cchc.sources.profile`` lists the classes and reads the files. Parsing that several protocols share is in
modules of their own beside this one.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from cchc.calendar import ATTAINMENT_HOUR, DateRange
from cchc.fields.field_map import Field as WireField
from cchc.mistake import FieldMistake
from cchc.sources.http import Response
from cchc.sources.parsed_load import ParsedLoad
from cchc.sources.profile_parts import (
    ClientCredentialsAuth,
    ConnectionName,
    Derived,
    FileName,
    HeaderAuth,
    Model,
    RequestPolicy,
)
from cchc.sources.target import Target
from cchc.sources.window import Window
from cchc.strict_yaml import Filled, Identifier, Text

# Minute and hour of a run for every day, as cron writes them.
_DAILY = re.compile(r"([0-5]?\d) ([01]?\d|2[0-3]) \* \* \*")

# Sends a request, given its path and JSON body, and archives the answer before it returns it.
Ask = Callable[[str, dict[str, Any]], Response]
# The days of an entity's windows that runs for earlier data dates have published.
ReadComplete = Callable[[str], Iterable[DateRange]]


class Profile(Model):
    """A source: its profile, with the behaviour of its protocol.

    ``source`` is the file's name, and the first word of its measures. ``publish`` and ``measures`` name files of
    include/sql/. ``inbox``: the connection of a folder that holds files of this source. ``is_judged_by_history``: rules
    compare a load with values of earlier loads.
    """

    source: Identifier
    name_vi: Text
    connection: ConnectionName
    owner: Text
    schedule: str
    allowed_delay_days: int = Field(ge=0)
    max_rejected_share: Decimal = Field(ge=0, le=1)
    staging: Identifier
    rows: Identifier
    publish: Annotated[tuple[FileName, ...], Filled]
    measures: Identifier
    derived: dict[str, Derived] = Field(default_factory=dict)
    inbox: ConnectionName | None = None
    is_judged_by_history: bool = False

    @property
    def response_table(self) -> str:
        """The staging table of whole answers and files, without its schema; its suite has the same name."""
        return f"{self.staging}_response"

    @property
    def row_table(self) -> str:
        """The staging table of rows, without its schema; its suite has the same name."""
        return f"{self.staging}_{self.rows}"

    @property
    def staging_tables(self) -> tuple[str, str]:
        """All staging tables that a load of the source fills, in the order in which they are cleared."""
        return (self.row_table, self.response_table)

    @property
    def suites(self) -> tuple[str, str]:
        """The suites that judge a load, in the order in which they run."""
        return (self.response_table, self.row_table)

    @property
    def publish_files(self) -> tuple[str, ...]:
        """The files of include/sql/ that move accepted rows to core, in their order."""
        return tuple(f"publish/{name}.sql" for name in self.publish)

    @property
    def dirty_date_file(self) -> str:
        """The file of include/sql/ that records the first day that a load changes."""
        return f"publish/dirty_date.{self.measures}.sql"

    @property
    def measures_file(self) -> str:
        """The file of include/sql/ that computes the measures of the source."""
        return f"measures/{self.measures}.sql"

    @property
    def api(self) -> ApiProfile | None:
        """The source as one that is asked over HTTP; None for a source of files alone."""
        return None

    @property
    @abstractmethod
    def entities(self) -> tuple[str, ...]:
        """The names of what the source gives, as ops.load has them."""

    @abstractmethod
    def metrics(self) -> frozenset[str] | None:
        """The metrics of the source as the catalog writes them, <source>.<metric>; None: the codes of the catalog."""

    def optional_metrics(self) -> frozenset[str]:
        """Those of ``metrics`` that an answer may lack, so that no indicator may use them."""
        return frozenset()

    def metric_places(self) -> Mapping[str, str]:
        """Metric → where its parts stand in an answer, for metrics that are stored as the source sends them."""
        return {}

    def wire_fields(self) -> dict[str, Mapping[str, WireField]]:
        """The field maps, each by its place in the profile. All of them fill columns of the staged rows."""
        return {}

    def sheet_fields(self) -> Mapping[str, Mapping[str, WireField]]:
        """Kind of sheet → its fields by heading, for the files of the source; empty where it takes none."""
        return {}

    def kind_columns(self, _kind: str) -> Mapping[str, str]:
        """The staged columns that only the kind of a sheet gives."""
        return {}

    @abstractmethod
    def exclusive_names(self) -> dict[str, str]:
        """Claim that no other profile may share, in words → the field that makes it: requests and inbox files."""

    def connection_uses(self) -> dict[str, tuple[str, str]]:
        """Connection → the field that names it, and in words how it is used: it has one login for one host."""
        return {self.inbox: ("inbox", "as the folder of the inbox")} if self.inbox else {}

    def find_mistakes(self) -> Iterator[FieldMistake]:
        """The mistakes that fields make together, beyond those of each by itself."""
        if not _begins_before_attainment(self.schedule):
            needed = f'minute and hour of every day before {ATTAINMENT_HOUR:%H:%M}, write it as "30 4 * * *"'
            yield "schedule", f'"{self.schedule}" is no {needed}'
        if self.derived and self.metrics() is not None:
            yield "derived", "goes with protocol: files, take it out"
        for place, fields in self.wire_fields().items():
            if not fields:
                yield place, "is empty, fill it in"
            filled: dict[str, str] = {}
            for name, wire in fields.items():
                first = filled.setdefault(wire.column, name)
                if first != name:
                    yield f"{place}.{name}.column", f'"{wire.column}" is filled by {first} already, give each its own'


class ApiProfile(Profile):
    """A source that is asked over HTTP. Each way of asking is a subclass."""

    requests: RequestPolicy

    @property
    def api(self) -> ApiProfile:
        """The source itself."""
        return self

    @property
    def authentication(self) -> HeaderAuth | ClientCredentialsAuth | None:
        """How requests show who asks; None for a source that is open to all."""
        return None

    @abstractmethod
    def find_missing_setting(self, target: Target) -> str | None:
        """The setting that the connection lacks, in words for the person who sets it; None where requests have all."""

    @abstractmethod
    def plan_windows(self, day: date, read_complete: ReadComplete) -> list[Window]:
        """The windows of the run for ``day``, in the order in which they are asked."""

    def plan_archived_windows(self, day: date, _names: Iterable[str]) -> list[Window]:
        """The windows of the run for ``day`` where the source can't be asked. ``_names``: folders of its archive."""
        return self.plan_windows(day, lambda _: ())

    @abstractmethod
    def plan_sample(self, day: date) -> Window:
        """The one small window that ``make check`` asks for."""

    @abstractmethod
    def choose_data_date(self, captured_at: datetime, day: date) -> date:
        """The day that an answer describes; ``day`` is the data date of the run that asked."""

    @abstractmethod
    def fetch_pages(self, window: Window, target: Target, ask: Ask) -> Iterator[Response]:
        """The pages of a window, each asked for when the caller takes it. Raises as ``ask``."""

    @abstractmethod
    def parse_pages(
        self, window: Window, bodies: Sequence[bytes], request: Mapping[str, Any], province: str
    ) -> ParsedLoad:
        """The rows of all pages of a window; ``request`` is the body of the first request.

        Never raises on a body: what is wrong with one becomes columns that the suites judge.
        """

    def find_mistakes(self) -> Iterator[FieldMistake]:
        """Also: times of the request policy that contradict each other."""
        yield from super().find_mistakes()
        yield from ((f"requests.{field}", text) for field, text in self.requests.find_mistakes())


def _begins_before_attainment(schedule: str) -> bool:
    """Whether a cron line is daily, at an hour before which attainment still waits for the source."""
    daily = _DAILY.fullmatch(schedule)
    return daily is not None and time(int(daily[2]), int(daily[1])) < ATTAINMENT_HOUR
