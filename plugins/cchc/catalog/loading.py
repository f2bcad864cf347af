"""The catalog from its folder: agencies.csv, agency_sets.yaml, the plan_*.yaml and the tasks_*.yaml of one province."""

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
from cchc.mistake import CatalogError, Doubt, Mistake, explain_error, field_path
from cchc.sources.profile import ProfilesRead, read_all_profiles
from cchc.strict_yaml import read_document, read_text

AGENCIES_FILE = "agencies.csv"
SETS_FILE = "agency_sets.yaml"
PLAN_FILES = "plan_*.yaml"
TASK_FILES = "tasks_*.yaml"

_HEADER = "header"
_BEYOND = "beyond the last column"
# The lists of the files: what one of their entries is called, and the field that names it.
_LISTS = {
    "clauses": ("clause", "clause"),
    "entries": ("entry", "code"),
    "groups": ("group", "group_vi"),
    "tasks": ("entry", "code"),
    "sets": ("entry", "code"),
}

_Record = TypeVar("_Record", bound=BaseModel)


def load_catalog(folder: Path, province: str, *, is_strict: bool = False) -> Catalog:
    """Read the catalog of ``province`` (its root agency's code) from ``folder``.

    The folder may hold plans of several provinces and years; other provinces' plans are left alone. Entries name
    sources of include/sources/ or planned ones. Every mistake found is told at once, in one CatalogError; a doubt is
    one only where ``is_strict``.
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
            findings = check_sources(indicator, _name_figures(profiles, indicator.code), optional)
            _Reading(file, mistakes).note(f"entry {indicator.code}", findings)
    if is_map_sound:  # an agency or set that is itself refused is not "unknown" as well
        mistakes += _check_plans(plans, {known.code: known for known in sets}, agencies)
    if is_plan_sound:  # nor is an entry
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


def _name_figures(profiles: ProfilesRead, code: str) -> dict[str, Collection[str] | None]:
    """Source → the figures it has for an entry. What people report is named after the entry's code, or derived.

    Of a source whose profile is refused they aren't known: the entries that it feeds stay as they are.
    """
    figures: dict[str, Collection[str] | None] = dict.fromkeys([*PLANNED_SOURCES, *profiles.refused])
    for profile in profiles.good:
        named = profile.metrics()
        figures[profile.source] = (
            named if named is not None else {f"{profile.source}.{name}" for name in (code, *profile.derived)}
        )
    return figures


@dataclass(frozen=True)
class _Reading:
    """One file being read, and where its mistakes go."""

    file: str
    mistakes: list[Mistake]

    def note(self, entry: str, findings: Iterable[tuple[str, str]]) -> None:
        """Note findings, (field, what is wrong), of an entry."""
        self.mistakes.extend(Mistake(self.file, entry, field, text) for field, text in findings)

    def parse(self, model: type[_Record], fields: object, entry: str) -> _Record | None:
        """The record, or None and its mistakes."""
        try:
            return model.model_validate(fields)
        except ValidationError as refusal:
            self.note(entry, [(field_path(error["loc"]), explain_error(error)) for error in refusal.errors()])
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
    reading = _Reading(path.name, mistakes)
    columns = list(Agency.model_fields)
    table = csv.DictReader(io.StringIO(text), restkey=_BEYOND, restval="")
    if table.fieldnames != columns:
        reading.note("line 1", [("", f"the columns are not {','.join(columns)} (separated by commas)")])
        return []
    placed: list[tuple[str, Agency]] = []
    for row in table:
        if not any(row.values()):  # spreadsheets leave such rows below a table
            continue
        place = f"entry {row['code']} (line {table.line_num})" if row["code"] else f"line {table.line_num}"
        agency = reading.parse(Agency, _typed_cells(row), place)
        if agency:
            placed.append((place, agency))
    places = {id(agency): place for place, agency in placed}
    agencies = [agency for _, agency in placed]
    for agency, field, text in check_agencies(agencies):
        reading.note(places[id(agency)], [(field, text)])
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
    reading = _Reading(path.name, mistakes)
    sets: list[AgencySet] = []
    for entry, fields in reading.entries(document, "sets", _HEADER):
        known = reading.parse(AgencySet, fields, entry)
        if known:
            sets.append(known)
            reading.note(entry, check_set(known, agencies))
    reading.note_repeated(known.code for known in sets)
    return sets


def _read_plans(folder: Path, province: str, mistakes: list[Mistake]) -> dict[str, Plan]:
    """The plans of ``province`` by file."""
    plans: dict[str, Plan] = {}
    provinces: set[str] = set()
    for whose, reading, document in _read_documents(folder, PLAN_FILES, province, mistakes):
        provinces.add(whose)
        plan = _parse_plan(reading, document) if whose == province else None
        if plan:
            _note_same_year(reading, plan, plans)
            plans[reading.file] = plan
    if province not in provinces:
        found = ", ".join(sorted(provinces)) or "none"
        mistakes.append(Mistake(PLAN_FILES, "", "", f"no plan of province {province}, add one (found: {found})"))
    return plans


def find_tasks_without_plan(folder: Path) -> Iterator[Mistake]:
    """Files of tasks of provinces that no plan of the folder is for: a code is mistyped. Their tasks count nowhere."""
    planned = {whose for whose, *_ in _read_documents(folder, PLAN_FILES, "", [])}
    for whose, reading, _ in _read_documents(folder, TASK_FILES, "", []):
        if whose and whose not in planned:
            text = f'"{whose}" has no plan in this folder that these tasks belong to, correct it or add the plan'
            yield Mistake(reading.file, _HEADER, "province", text)


def _read_annexes(folder: Path, province: str, mistakes: list[Mistake]) -> dict[str, Annex]:
    """The annexes of the plans of ``province`` by file; a plan may be without."""
    annexes: dict[str, Annex] = {}
    for whose, reading, document in _read_documents(folder, TASK_FILES, province, mistakes):
        annex = _parse_annex(reading, document) if whose == province else None
        if annex:
            _note_same_year(reading, annex, annexes)
            annexes[reading.file] = annex
    return annexes


def _read_documents(
    folder: Path, files: str, province: str, mistakes: list[Mistake]
) -> Iterator[tuple[str, _Reading, dict[str, Any]]]:
    """Whose each file is, and what it holds. One that doesn't say is read as the province's own, and so refused."""
    for path in sorted(folder.glob(files)):
        document = read_document(path, mistakes)
        if document is not None:
            yield str(document.get("province", province)), _Reading(path.name, mistakes), document


def _note_same_year(reading: _Reading, read: Plan | Annex, others: Mapping[str, Plan] | Mapping[str, Annex]) -> None:
    same_year = [file for file, other in others.items() if other.year == read.year]
    reading.note(_HEADER, [("year", f"{read.year} is planned in {file} too, keep one") for file in same_year])


def _parse_plan(reading: _Reading, document: Mapping[str, Any]) -> Plan | None:
    """A plan whose header is right, with those of its entries that are right; mistakes tell the rest."""
    header = {name: value for name, value in document.items() if name != "clauses"}
    plan = reading.parse(Plan, header | {"indicators": ()}, _HEADER)
    findings = list(check_plan(plan)) if plan else []
    reading.note(_HEADER, findings)
    days = (plan.valid_from, plan.valid_to) if plan and not findings else None  # else each entry would be told too
    indicators: list[Indicator] = []
    for clause_place, clause in reading.entries(document, "clauses", _HEADER):
        shared = {name: value for name, value in clause.items() if name != "entries"}
        for place, fields in reading.entries(clause, "entries", clause_place):
            indicator = reading.parse(Indicator, shared | fields, place)
            if indicator:
                indicators.append(indicator)
                reading.note(place, check_indicator(indicator, days))
    reading.note_repeated(indicator.code for indicator in indicators)
    return plan and plan.model_copy(update={"indicators": tuple(indicators)})


def _parse_annex(reading: _Reading, document: Mapping[str, Any]) -> Annex | None:
    """An annex whose header is right, with those of its tasks that are right; mistakes tell the rest."""
    header = {name: value for name, value in document.items() if name != "groups"}
    annex = reading.parse(Annex, header | {"tasks": ()}, _HEADER)
    tasks: list[Task] = []
    for group_place, group in reading.entries(document, "groups", _HEADER):
        shared = {name: value for name, value in group.items() if name != "tasks"}
        for place, fields in reading.entries(group, "tasks", group_place):
            task = reading.parse(Task, shared | fields, place)
            if task:
                tasks.append(task)
    reading.note_repeated(task.code for task in tasks)
    return annex and annex.model_copy(update={"tasks": tuple(tasks)})


def _check_plans(
    plans: Mapping[str, Plan], sets: Mapping[str, AgencySet], agencies: Sequence[Agency]
) -> Iterator[Mistake]:
    """The plans against the sets and the agencies."""
    for file, plan in plans.items():
        for indicator in plan.indicators:
            for finding in check_references(indicator, plan, sets, agencies):
                yield Mistake(file, f"entry {indicator.code}", *finding)


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
            for finding in check_task(task, plan, sets, agencies):
                yield Mistake(file, f"entry {task.code}", *finding)
