"""Source profiles: include/sources/<source>.yaml, read by typed models, one for each protocol."""

from __future__ import annotations

import logging
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from cchc.fields.field_map import Field as WireField
from cchc.mistake import Mistake, MistakesError, explain_error, field_path
from cchc.settings import SOURCES
from cchc.sources.profile_claims import find_shared
from cchc.sources.profile_files import check_files
from cchc.sources.profile_parts import (
    BudgetYearWindows,
    ClientCredentialsAuth,
    ConnectionName,
    DayWindows,
    Derived,
    Endpoint,
    FileName,
    Finding,
    HeaderAuth,
    Level,
    Metric,
    Model,
    RequestPolicy,
    Sheet,
    UrlPath,
    check_request,
)
from cchc.strict_yaml import Filled, Identifier, Text, read_document

__all__ = [
    "BudgetYearWindows", "ClientCredentialsAuth", "DayWindows", "Derived", "Endpoint", "FilesProfile", "HeaderAuth",
    "Level", "Metric", "PortalProfile", "Profile", "ProfileError", "ProfilesRead", "RecordsProfile", "RequestPolicy",
    "Sheet", "read_all_profiles", "read_profile", "read_profiles",
]  # fmt: skip

log = logging.getLogger(__name__)

# Not those that begin with a point: editors and other systems leave such files behind.
PROFILES = "[!.]*.yaml"
# Minute and hour of a run for every day: the attainment goes on at 06:00 without those that are later.
NIGHTLY = re.compile(r"[0-5]?\d 0?[0-5] \* \* \*")


class ProfileError(MistakesError):
    """A profile that is refused; the message has a line for each mistake, with file and field."""


class BaseProfile(Model):
    """What every source has. ``source`` is the file's name, and the first word of its measures.

    Staged are ``staging.<staging>_response`` and ``staging.<staging>_<rows>``, judged by the suites of the same names;
    ``publish`` and ``measures`` name files of include/sql/. ``inbox``: the connection of a folder with its files.
    ``is_judged_by_history``: rules compare a load with what earlier ones have told.
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
    @abstractmethod
    def entities(self) -> tuple[str, ...]:
        """What is asked for, as ops.load names it."""

    @abstractmethod
    def metrics(self) -> frozenset[str] | None:
        """The names of its figures, as the catalog writes them: <source>.<metric>; None: the catalog's codes."""

    def optional_metrics(self) -> frozenset[str]:
        """Those of metrics() that an answer may lack, so that nothing may depend on them."""
        return frozenset()

    def wire_fields(self) -> dict[str, Mapping[str, WireField]]:
        """The field maps, each by its place in the profile. All of them fill columns of the staged rows."""
        return {}

    @abstractmethod
    def claims(self) -> dict[str, str]:
        """What only one profile may have: in words, and the field that says so."""

    def ways(self) -> dict[str, tuple[str, str]]:
        """For each connection the field that names it, and in words how it is used: it has one login for one host."""
        return {self.inbox: ("inbox", "as the folder of the inbox")} if self.inbox else {}

    def findings(self) -> Iterator[Finding]:
        """What the fields must be together, beyond what each is by itself."""
        if not NIGHTLY.fullmatch(self.schedule):
            yield (
                "schedule",
                f'"{self.schedule}" is no minute and hour of every night before 06:00, write it as "30 4 * * *"',
            )
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


class PortalProfile(BaseProfile):
    """The portal's evaluation protocol: snapshots of the year and of the month just ended."""

    protocol: Literal["portal_evaluation"]
    requests: RequestPolicy
    levels: dict[str, Level]
    endpoints: Annotated[dict[str, Endpoint], Filled]

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

    def claims(self) -> dict[str, str]:
        """An endpoint of a connection."""
        return {f"endpoint {name} of connection {self.connection}": "connection" for name in self.endpoints}

    def ways(self) -> dict[str, tuple[str, str]]:
        """Without a login."""
        return super().ways() | {self.connection: ("connection", "as a portal, without a login")}

    def findings(self) -> Iterator[Finding]:
        """Also: no files, each endpoint in itself, and each metric once."""
        yield from super().findings()
        yield from ((f"requests.{field}", text) for field, text in self.requests.findings())
        if self.inbox is not None:
            yield "inbox", "doesn't go with protocol: portal_evaluation, which has no files, take it out"
        places: dict[str, str] = {}
        for name, endpoint in self.endpoints.items():
            yield from ((f"endpoints.{name}.{field}", text) for field, text in endpoint.findings())
            for wire, metric in endpoint.metrics.items():
                place = f"endpoints.{name}.metrics.{wire}"
                first = places.setdefault(metric.metric, place)
                if first != place:
                    yield f"{place}.metric", f'"{metric.metric}" is that of {first} too, choose another name'

    def _wires(self) -> list[Metric]:
        return [wire for endpoint in self.endpoints.values() for wire in endpoint.metrics.values()]


class RecordsProfile(BaseProfile):
    """An API of records: POST, an envelope with error_code and TotalCount, rows in ``data``.

    ``request``: what is sent, {start}, {end} and {year} filled in from the window. ``page_size`` None: one answer.
    ``fields``: the allow-list, wire name → column; ``key``: the columns that name a row.
    """

    protocol: Literal["records"]
    requests: RequestPolicy
    windows: Annotated[DayWindows | BudgetYearWindows, Field(discriminator="kind")]
    auth: Annotated[HeaderAuth | ClientCredentialsAuth, Field(discriminator="kind")]
    path: UrlPath
    request: dict[str, Literal["{start}", "{end}", "{year}"]]
    page_size: int | None = Field(default=None, gt=0)
    success_codes: Annotated[tuple[Text, ...], Filled]
    key: Annotated[tuple[str, ...], Filled]
    fields_: dict[str, WireField] = Field(alias="fields")
    metrics_: Annotated[tuple[Identifier, ...], Filled] = Field(alias="metrics")

    @property
    def entities(self) -> tuple[str, ...]:
        """The last word of the path."""
        return (self.path.rpartition("/")[2],)

    def metrics(self) -> frozenset[str]:
        """As listed."""
        return frozenset(f"{self.source}.{metric}" for metric in self.metrics_)

    def wire_fields(self) -> dict[str, Mapping[str, WireField]]:
        """The allow-list."""
        return {"fields": self.fields_}

    def claims(self) -> dict[str, str]:
        """A path of a connection, and the headings of its files."""
        asked = {f"path {self.path} of connection {self.connection}": "connection"}
        return asked | (_claim_headings(self.inbox, [self.fields_]) if self.inbox else {})

    def ways(self) -> dict[str, tuple[str, str]]:
        """With a login of its kind."""
        return super().ways() | {self.connection: ("connection", f"with auth {self.auth.kind}")}

    def findings(self) -> Iterator[Finding]:
        """Also: what is sent tells the window, the key names columns that are there, and lists name nothing twice."""
        yield from super().findings()
        yield from ((f"requests.{field}", text) for field, text in self.requests.findings())
        yield from check_request(self.request.values(), self.windows)
        if self.inbox == self.connection:
            yield "inbox", f'"{self.inbox}" is where the source is asked, name the connection of the folder'
        named = {wire.column: (name, wire) for name, wire in self.fields_.items()}
        for position, column in enumerate(self.key):
            if column not in named:
                yield f"key[{position}]", f'"{column}" is no column of fields, it has {", ".join(sorted(named))}'
            elif not named[column][1].required:
                text = f'"{column}" may be missing, write required: true at fields.{named[column][0]}'
                yield f"key[{position}]", text
        for field, names in (("key", self.key), ("metrics", self.metrics_), ("success_codes", self.success_codes)):
            yield from _find_repeated(field, names)


class FilesProfile(BaseProfile):
    """Files that people put into the inbox."""

    protocol: Literal["files"]
    inbox: ConnectionName
    sheets: Annotated[dict[str, Sheet], Filled]

    @property
    def entities(self) -> tuple[str, ...]:
        """A file is loaded as one."""
        return ("return",)

    def metrics(self) -> None:
        """The catalog's codes."""

    def wire_fields(self) -> dict[str, Mapping[str, WireField]]:
        """Those of each kind of sheet."""
        return {f"sheets.{kind}.fields": sheet.fields_ for kind, sheet in self.sheets.items()}

    def claims(self) -> dict[str, str]:
        """The headings of its sheets."""
        return _claim_headings(self.inbox, [sheet.fields_ for sheet in self.sheets.values()])

    def ways(self) -> dict[str, tuple[str, str]]:
        """No host is asked."""
        return {self.connection: ("connection", "as the folder of the inbox")} | super().ways()

    def findings(self) -> Iterator[Finding]:
        """Also: a reading is made of different figures."""
        yield from super().findings()
        for name, reading in self.derived.items():
            yield from _find_repeated(f"derived.{name}.of", reading.of)


def _claim_headings(inbox: str, kinds: Iterable[Mapping[str, WireField]]) -> dict[str, str]:
    """Files are known by the headings that they must have."""
    required = [sorted(heading for heading, wire in fields.items() if wire.required) for fields in kinds]
    return {f"files of inbox {inbox} with the headings {', '.join(headings)}": "inbox" for headings in required}


def _find_repeated(field: str, names: Iterable[str]) -> Iterator[Finding]:
    for name, times in Counter(names).items():
        if times > 1:
            yield field, f'"{name}" is there {times} times, keep one'


Profile = PortalProfile | RecordsProfile | FilesProfile
_ADAPTER: TypeAdapter[Profile] = TypeAdapter(Annotated[Profile, Field(discriminator="protocol")])


@dataclass(frozen=True)
class ProfilesRead:
    """The profiles of a folder by name; ``refused``: file name without its ending → what is wrong with it."""

    good: tuple[Profile, ...]
    refused: Mapping[str, ProfileError]


def read_profile(path: Path) -> Profile:
    """Read one profile by itself; raises ProfileError with file and field of every mistake."""
    mistakes: list[Mistake] = []
    document = read_document(path, mistakes)
    if document is None or mistakes:
        raise ProfileError(mistakes)
    told = document.get("source", path.stem)
    if told != path.stem:
        raise ProfileError([_name_mistake(path, "source", f'"{told}" is not the name of the file, take it out')])
    try:
        profile = _ADAPTER.validate_python({"source": path.stem, **document})
    except ValidationError as error:
        raise ProfileError([_explain(path, document, details) for details in error.errors()]) from error
    findings = list(profile.findings())
    if findings:
        raise ProfileError([_name_mistake(path, *finding) for finding in findings])
    return profile


def read_all_profiles(folder: Path = SOURCES) -> ProfilesRead:
    """Read every profile of a folder, with the files that it names; a bad one stops no other.

    Of two that have the same, the copy is refused: the one whose tables aren't called as the file is.
    """
    read: dict[str, Profile] = {}
    refused: dict[str, ProfileError] = {}
    for path in sorted(folder.glob(PROFILES)):
        try:
            profile = read_profile(path)
            findings = list(check_files(profile))
            if findings:
                refused[path.stem] = ProfileError([_name_mistake(path, *finding) for finding in findings])
            read[path.stem] = profile
        except ProfileError as error:
            refused[path.stem] = error
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not stop the other sources
            text = f"can't be checked ({type(error).__name__}: {error}), correct this file or one that it names"
            refused[path.stem] = ProfileError([Mistake(path.name, "", "", text)])
    for source, findings in find_shared(read).items():
        told = refused[source].mistakes if source in refused else ()
        refused[source] = ProfileError([*told, *(_name_mistake(Path(f"{source}.yaml"), *one) for one in findings)])
    good = tuple(read[source] for source in sorted(read) if source not in refused)
    return ProfilesRead(good, dict(sorted(refused.items())))


def read_profiles(folder: Path = SOURCES) -> list[Profile]:
    """The good profiles of a folder, by name. What is wrong with the others is logged: their sources stand still."""
    read = read_all_profiles(folder)
    for error in read.refused.values():
        log.warning("%s (make validate tells all; until then this source is left as it is)", error)
    return list(read.good)


def _name_mistake(path: Path, field: str, text: str) -> Mistake:
    return Mistake(path.name, "", field, text)


def _explain(path: Path, document: dict[str, Any], details: Any) -> Mistake:
    """One error of pydantic's. Its location also names the kind of a part that has several (records, days)."""
    location: list[int | str] = []
    part: Any = document
    for step in details["loc"]:
        is_kind = isinstance(part, dict) and step in (part.get("protocol"), part.get("kind"))
        if not is_kind:
            location.append(step)
            part = _step_into(part, step)
    if details["type"].startswith("union_tag_"):
        location.append(details["ctx"]["discriminator"].strip("'"))
        told = part.get(location[-1]) if isinstance(part, dict) else None
        known = details["ctx"].get("expected_tags", "").replace("'", "")
        text = f'"{told}" is not one of {known}' if known else "is missing, add it"
        return _name_mistake(path, field_path(location), text)
    if location == ["source"]:
        return _name_mistake(
            path, "", f'"{path.stem}" is no name of a source, rename the file: small letters, digits and _'
        )
    return _name_mistake(path, field_path(location), explain_error(details))


def _step_into(part: Any, step: int | str) -> Any:
    if isinstance(part, dict):
        return part.get(step)
    return part[step] if isinstance(part, list) and isinstance(step, int) and step < len(part) else None
