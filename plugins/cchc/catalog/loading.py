"""Reading of the catalog's folder: agencies.csv, agency_sets.yaml, plan_*.yaml and tasks_*.yaml of one province.

Checks between records are in ``consistency``, holidays.yaml in ``holidays``.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cchc.calendar import DateRange
from cchc.catalog.consistency import (
    check_agencies,
    check_indicator,
    check_plan,
    check_references,
    check_set,
    check_sources,
    check_task,
)
from cchc.catalog.model import PLANNED_SOURCES, Agency, AgencySet, Annex, Catalog, Indicator, Plan, Task
from cchc.mistake import CatalogError, Doubt, FieldMistake, Mistake, explain_error, field_path
from cchc.sources.profile import ProfilesRead, read_all_profiles
from cchc.strict_yaml import read_document, read_text

AGENCIES_FILE = "agencies.csv"
SETS_FILE = "agency_sets.yaml"
PLAN_FILES = "plan_*.yaml"
TASK_FILES = "tasks_*.yaml"

_HEADER = "header"
_BEYOND = "beyond the last column"
# The lists of the files → the word for one entry, and the field that names it.
_LISTS = {
    "clauses": ("clause", "clause"),
    "indicators": ("entry", "code"),
    "groups": ("group", "group_vi"),
    "tasks": ("entry", "code"),
    "sets": ("entry", "code"),
}

_Record = TypeVar("_Record", bound=BaseModel)


def load_catalog(folder: Path, province: str, *, is_strict: bool = False) -> Catalog:
    """Read the catalog of ``province`` (its root agency's code) from ``folder``.

    The folder may hold plans of several provinces and years; plans of other provinces are skipped. Indicators name
    sources of include/sources/ or planned ones. One CatalogError holds every mistake; a Doubt counts as a mistake only
    where ``is_strict``.
    """
    mistakes: list[Mistake] = []
    agencies = _read_agencies(folder / AGENCIES_FILE, mistakes)
    sets = _read_sets(folder / SETS_FILE, agencies, mistakes)
    is_map_sound = not _drop_doubts(mistakes)
    plans = _read_plans(folder, province, mistakes)
    is_plan_sound = not _drop_doubts(mistakes)
    annexes = _read_annexes(folder, province, mistakes)
    profiles = read_all_profiles()
    optional = {metric for profile in profiles.good for metric in profile.optional_metrics()}
    for file, plan in plans.items():
        for indicator in plan.indicators:
            faults = check_sources(indicator, _list_metrics(profiles, indicator.code), optional)
            _FileParser(file, mistakes).note(f"entry {indicator.code}", faults)
    if is_map_sound:  # an agency or set that is itself invalid is not "unknown" as well
        mistakes += _check_plans(plans, {known.code: known for known in sets}, agencies)
    if is_plan_sound:  # nor is an indicator
        mistakes += _check_annexes(annexes, plans.values(), {known.code: known for known in sets}, agencies)
    if found := mistakes if is_strict else _drop_doubts(mistakes):
        raise CatalogError(found)
    return Catalog(
        province=province,
        plans=tuple(sorted(plans.values(), key=lambda plan: plan.year)),
        annexes=tuple(sorted(annexes.values(), key=lambda annex: annex.year)),
        agencies=tuple(agencies),
        sets=tuple(sets),
    )


def _drop_doubts(mistakes: Iterable[Mistake]) -> list[Mistake]:
    return [mistake for mistake in mistakes if not isinstance(mistake.text, Doubt)]


def _list_metrics(profiles: ProfilesRead, code: str) -> dict[str, Collection[str] | None]:
    """Source → the metrics that it has for an indicator; None where its profile is invalid or planned.

    A source of returns names its metrics after the indicator's code, or derives them.
    """
    metrics: dict[str, Collection[str] | None] = dict.fromkeys([*PLANNED_SOURCES, *profiles.rejected])
    for profile in profiles.good:
        named = profile.metrics()
        metrics[profile.source] = (
            named if named is not None else {f"{profile.source}.{name}" for name in (code, *profile.derived)}
        )
    return metrics


@dataclass(frozen=True)
class _FileParser:
    """One file being read, and where its mistakes go."""

    file: str
    mistakes: list[Mistake]

    def note(self, entry: str, faults: Iterable[FieldMistake]) -> None:
        """Add the mistakes of an entry."""
        self.mistakes.extend(Mistake(self.file, entry, field, text) for field, text in faults)

    def parse(self, model: type[_Record], fields: object, entry: str) -> _Record | None:
        """The record, or None and its mistakes."""
        try:
            return model.model_validate(fields)
        except ValidationError as failure:
            self.note(entry, [(field_path(error["loc"]), explain_error(error)) for error in failure.errors()])
            return None

    def entries(self, document: Mapping[str, Any], field: str, within: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entries listed under ``field``, each with its place in words: ("entry II.1.b-1", its fields)."""
        listed = document.get(field)
        if not isinstance(listed, list) or not listed:
            self.note(within, [(field, "is no list of entries, add them")])
            return
        word, name = _LISTS[field]
        for position, fields in enumerate(listed):
            if isinstance(fields, dict):
                yield f"{word} {fields.get(name) or f'{position + 1} of {within}'}", fields
            else:
                self.note(within, [(f"{field}[{position}]", f'"{fields}" is no entry of fields')])

    def note_repeated(self, codes: Iterable[str]) -> None:
        """Note codes that more than one entry has."""
        for code, times in Counter(codes).items():
            if times > 1:
                self.note(f"entry {code}", [("code", f"is there {times} times, a code names one entry")])


def _read_agencies(path: Path, mistakes: list[Mistake]) -> list[Agency]:
    text = read_text(path, mistakes)
    if text is None:
        return []
    parser = _FileParser(path.name, mistakes)
    columns = list(Agency.model_fields)
    table = csv.DictReader(io.StringIO(text), restkey=_BEYOND, restval="")
    if table.fieldnames != columns:
        parser.note("line 1", [("", f"the columns are not {','.join(columns)} (separated by commas)")])
        return []
    placed: list[tuple[str, Agency]] = []
    for row in table:
        if not any(row.values()):  # spreadsheets leave such rows below a table
            continue
        place = f"entry {row['code']} (line {table.line_num})" if row["code"] else f"line {table.line_num}"
        agency = parser.parse(Agency, _typed_cells(row), place)
        if agency:
            placed.append((place, agency))
    places = {id(agency): place for place, agency in placed}
    agencies = [agency for _, agency in placed]
    for agency, field, text in check_agencies(agencies):
        parser.note(places[id(agency)], [(field, text)])
    return agencies


def _typed_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's cells as typed fields; empty = left out; a cell that is not what it should be stays text and fails."""
    cells: dict[str, Any] = {name: cell for name, cell in row.items() if cell}
    for name in ("valid_from", "valid_to_exclusive"):
        if name in cells:
            try:
                cells[name] = date.fromisoformat(cells[name])
            except ValueError:
                continue
    answer = cells.get("is_synthetic_code")
    if answer in ("yes", "no"):
        cells["is_synthetic_code"] = answer == "yes"
    return cells


def _read_sets(path: Path, agencies: Sequence[Agency], mistakes: list[Mistake]) -> list[AgencySet]:
    document = read_document(path, mistakes)
    if document is None:
        return []
    parser = _FileParser(path.name, mistakes)
    sets: list[AgencySet] = []
    for entry, fields in parser.entries(document, "sets", _HEADER):
        known = parser.parse(AgencySet, fields, entry)
        if known:
            sets.append(known)
            parser.note(entry, check_set(known, agencies))
    parser.note_repeated(known.code for known in sets)
    return sets


def _read_plans(folder: Path, province: str, mistakes: list[Mistake]) -> dict[str, Plan]:
    """The plans of ``province`` by file."""
    plans: dict[str, Plan] = {}
    provinces: set[str] = set()
    for whose, parser, document in _read_documents(folder, PLAN_FILES, province, mistakes):
        provinces.add(whose)
        plan = _parse_plan(parser, document) if whose == province else None
        if plan:
            _note_same_year(parser, plan, plans)
            plans[parser.file] = plan
    if province not in provinces:
        found = ", ".join(sorted(provinces)) or "none"
        mistakes.append(Mistake(PLAN_FILES, "", "", f"no plan of province {province}, add one (found: {found})"))
    return plans


def find_tasks_without_plan(folder: Path) -> Iterator[Mistake]:
    """A mistake for each file of tasks whose province has no plan in the folder: its code is mistyped."""
    planned = {whose for whose, *_ in _read_documents(folder, PLAN_FILES, "", [])}
    for whose, parser, _ in _read_documents(folder, TASK_FILES, "", []):
        if whose and whose not in planned:
            text = f'"{whose}" has no plan in this folder that these tasks belong to, correct it or add the plan'
            yield Mistake(parser.file, _HEADER, "province", text)


def _read_annexes(folder: Path, province: str, mistakes: list[Mistake]) -> dict[str, Annex]:
    """The annexes of the plans of ``province`` by file; a plan may be without."""
    annexes: dict[str, Annex] = {}
    for whose, parser, document in _read_documents(folder, TASK_FILES, province, mistakes):
        annex = _parse_annex(parser, document) if whose == province else None
        if annex:
            _note_same_year(parser, annex, annexes)
            annexes[parser.file] = annex
    return annexes


def _read_documents(
    folder: Path, files: str, province: str, mistakes: list[Mistake]
) -> Iterator[tuple[str, _FileParser, dict[str, Any]]]:
    """Each file's province, parser and document. A file without a province counts as ``province``'s, and so fails."""
    for path in sorted(folder.glob(files)):
        document = read_document(path, mistakes)
        if document is not None:
            yield str(document.get("province", province)), _FileParser(path.name, mistakes), document


def _note_same_year(parser: _FileParser, read: Plan | Annex, others: Mapping[str, Plan] | Mapping[str, Annex]) -> None:
    same_year = [file for file, other in others.items() if other.year == read.year]
    parser.note(_HEADER, [("year", f"{read.year} is planned in {file} too, keep one") for file in same_year])


def _parse_plan(parser: _FileParser, document: Mapping[str, Any]) -> Plan | None:
    """The plan with its valid indicators, if its header is valid; the rest become mistakes."""
    header = {name: value for name, value in document.items() if name != "clauses"}
    plan = parser.parse(Plan, header | {"indicators": ()}, _HEADER)
    faults = list(check_plan(plan)) if plan else []
    parser.note(_HEADER, faults)
    # A wrong header would be a mistake of each indicator too.
    days = DateRange.inclusive(plan.valid_from, plan.valid_to) if plan and not faults else None
    indicators: list[Indicator] = []
    for clause_place, clause in parser.entries(document, "clauses", _HEADER):
        shared = {name: value for name, value in clause.items() if name != "indicators"}
        for place, fields in parser.entries(clause, "indicators", clause_place):
            indicator = parser.parse(Indicator, shared | fields, place)
            if indicator:
                indicators.append(indicator)
                parser.note(place, check_indicator(indicator, days))
    parser.note_repeated(indicator.code for indicator in indicators)
    return plan and plan.model_copy(update={"indicators": tuple(indicators)})


def _parse_annex(parser: _FileParser, document: Mapping[str, Any]) -> Annex | None:
    """The annex with its valid tasks, if its header is valid; the rest become mistakes."""
    header = {name: value for name, value in document.items() if name != "groups"}
    annex = parser.parse(Annex, header | {"tasks": ()}, _HEADER)
    tasks: list[Task] = []
    for group_place, group in parser.entries(document, "groups", _HEADER):
        shared = {name: value for name, value in group.items() if name != "tasks"}
        for place, fields in parser.entries(group, "tasks", group_place):
            task = parser.parse(Task, shared | fields, place)
            if task:
                tasks.append(task)
    parser.note_repeated(task.code for task in tasks)
    return annex and annex.model_copy(update={"tasks": tuple(tasks)})


def _check_plans(
    plans: Mapping[str, Plan], sets: Mapping[str, AgencySet], agencies: Sequence[Agency]
) -> Iterator[Mistake]:
    """The plans against the sets and the agencies."""
    for file, plan in plans.items():
        for indicator in plan.indicators:
            for fault in check_references(indicator, plan, sets, agencies):
                yield Mistake(file, f"entry {indicator.code}", *fault)


def _check_annexes(
    annexes: Mapping[str, Annex], plans: Iterable[Plan], sets: Mapping[str, AgencySet], agencies: Sequence[Agency]
) -> Iterator[Mistake]:
    """The annexes against their plans, the sets and the agencies."""
    plan_of = {plan.year: plan for plan in plans}
    for file, annex in annexes.items():
        plan = plan_of.get(annex.year)
        if plan is None:
            yield Mistake(file, _HEADER, "year", f"there is no plan of {annex.year} that these tasks belong to")
            continue
        for task in annex.tasks:
            for fault in check_task(task, plan, sets, agencies):
                yield Mistake(file, f"entry {task.code}", *fault)
