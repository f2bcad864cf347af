"""The agencies' returns: the cells of each file, by the scenario in returns.yaml."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field

from simulator.agencies import ROOT_CODE, Agency
from simulator.seeded_faults import Cell, Row, read_seeded_faults
from simulator.sets import find_members, list_valid
from simulator.tasks import find_status, list_tasks
from simulator.values import DEFAULT_SEED
from simulator.yaml_files import load_yaml

RETURNS_YAML = Path(__file__).with_name("returns.yaml")

INDICATORS, TASKS = "ChiTieu", "NhiemVu"
HEADINGS = {
    INDICATORS: ("Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử số", "Mẫu số", "Văn bản minh chứng", "Ghi chú"),
    TASKS: ("Mã nhiệm vụ", "Mã đơn vị", "Trạng thái", "Ngày hoàn thành", "Văn bản minh chứng"),
}
COLLECTOR = "H58.02"  # Sở Nội vụ: for the departments, the public service units and the province

Quarters = Annotated[tuple[float, ...], Field(min_length=4, max_length=4)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sending(_Record):
    """A file and the day on which it arrives."""

    sender: str
    period: str
    arrived_on: date
    form: Literal["xlsx", "csv"] = "xlsx"
    is_decomposed: bool = False


class Properties(_Record):
    """Counts of properties that agencies report for themselves. ``done``: the share by the end of each quarter."""

    code: str
    levels: tuple[str, ...]
    sender: str
    done: Quarters


class YesNo(_Record):
    """Answers yes or no of a set's agencies. ``done``: the share of yes by the end of each quarter."""

    set: str
    sender: str | None = None
    by_district: bool = False
    done: Quarters
    silent: float = 0

    def find_sender(self, agency: Agency) -> str | None:
        """The sender of the file with the answer of ``agency``."""
        return find_district(agency) if self.by_district and find_district(agency) else self.sender


class ReturnsScenario(_Record):
    """All of returns.yaml."""

    files: tuple[Sending, ...]
    province: dict[str, dict[str, dict[str, tuple[int | str, int | str | None]]]]
    properties: Properties
    yes_no: dict[str, YesNo]


@dataclass(frozen=True, slots=True)
class File:
    """A file of the inbox: its path there, the day of its arrival, its rows by sheet."""

    path: str
    arrived_on: date
    tables: dict[str, list[Row]]
    is_decomposed: bool = False


@cache
def read_returns() -> ReturnsScenario:
    """The scenario of returns.yaml. Raises pydantic's ValidationError for wrong fields."""
    return ReturnsScenario.model_validate(load_yaml(RETURNS_YAML))


def find_district(agency: Agency) -> str | None:
    """The district that reports for ``agency``: itself, or the one above a division or commune; else None."""
    above = agency.code.rpartition(".")[0]
    return {"district": agency.code, "division": above, "commune": above}.get(agency.level)


def end_period(period: str) -> date:
    """The last day of 2024-Q1, 2024-06 or 2024."""
    year, _, part = period.partition("-")
    month = 12 if not part else 3 * int(part[1:]) if part[0] == "Q" else int(part)
    return date(int(year), month, monthrange(int(year), month)[1])


def draw(seed: int, *words: str) -> float:
    """A number from 0 to 1, the same for the same seed and ``words``."""
    return crc32(f"{seed} {' '.join(words)}".encode()) / 2**32


def write_indicator_row(seed: int, sending: Sending, code: str, agency: str, parts: tuple[Cell, Cell]) -> Row:
    """A row of the sheet ChiTieu; one in thirty has no evidence."""
    number = crc32(f"{sending.sender} {sending.period}".encode()) % 400 + 1
    evidence = f"Báo cáo số {number}/BC ngày {sending.arrived_on:%d/%m/%Y}"
    has_evidence = draw(seed, "evidence", code, agency, sending.period) >= 1 / 30
    values = (code, agency, sending.period, *parts, evidence if has_evidence else None, None)
    return dict(zip(HEADINGS[INDICATORS], values, strict=True))


def answer_yes_no(seed: int, sending: Sending, code: str, answers: YesNo) -> Iterator[Row]:
    """The rows of ``code`` in the file. A drawn order of the set's members decides which of them answer yes."""
    day = end_period(sending.period)
    members = sorted(find_members(answers.set, day), key=lambda agency: draw(seed, code, agency.code))
    yes = {agency.code for agency in members[: round(answers.done[(day.month - 1) // 3] * len(members))]}
    for agency in sorted(members, key=lambda agency: agency.code):
        is_silent = draw(seed, "silent", code, agency.code) < answers.silent
        if answers.find_sender(agency) == sending.sender and not is_silent:
            yield write_indicator_row(seed, sending, code, agency.code, (int(agency.code in yes), 1))


def count_properties(seed: int, sending: Sending, properties: Properties) -> Iterator[Row]:
    """The rows of properties in the file, one for each agency that reports them."""
    day = end_period(sending.period)
    for agency in list_valid(day) if sending.sender == properties.sender else ():
        if agency.level in properties.levels:
            total = 4 + int(60 * draw(seed, properties.code, agency.code))
            share = properties.done[(day.month - 1) // 3] + 0.06 * (draw(seed, "done", agency.code) - 0.5)
            yield write_indicator_row(
                seed, sending, properties.code, agency.code, (round(min(1.0, share) * total), total)
            )


def report_tasks(seed: int, sending: Sending) -> Iterator[Row]:
    """The rows of the sheet NhiemVu; communes report no tasks."""
    for task in list_tasks():
        for agency in task.find_agencies(sending.arrived_on):
            sender = find_district(agency) or COLLECTOR
            if sender == sending.sender and agency.level != "commune":
                status, done_on = find_status(task, draw(seed, task.code, agency.code), sending.arrived_on)
                evidence = f"Văn bản số {crc32(task.code.encode()) % 900}/{agency.code}" if done_on else None
                yield dict(zip(HEADINGS[TASKS], (task.code, agency.code, status, done_on, evidence), strict=True))


@cache
def list_returns(seed: int) -> tuple[File, ...]:
    """All returns of the demonstration, seeded faults included, by arrival and path."""
    scenario, faults = read_returns(), read_seeded_faults().returns
    files = []
    for sending in scenario.files:
        path = f"{sending.sender}/bao-cao-{sending.period}.{sending.form}"
        province = scenario.province.get(sending.sender, {})
        rows = [
            write_indicator_row(seed, sending, code, ROOT_CODE, periods[sending.period])
            for code, periods in province.items()
            if sending.period in periods
        ]
        rows += count_properties(seed, sending, scenario.properties)
        for code, yes_no in scenario.yes_no.items():
            rows += answer_yes_no(seed, sending, code, yes_no)
        tables = {INDICATORS: rows, TASKS: [] if sending.form == "csv" else list(report_tasks(seed, sending))}
        for fault in faults.rows:
            if fault.file == path:
                tables[fault.sheet].append(fault.row)
        files.append(File(path, sending.arrived_on, tables, sending.is_decomposed))
    files += [File(fault.file, fault.arrived_on, {fault.sheet: list(fault.rows)}) for fault in faults.files]
    return tuple(sorted(files, key=lambda file: (file.arrived_on, file.path)))


def return_records(known_on: date, *, seed: int = DEFAULT_SEED) -> list[Row]:
    """The rows of all returns that have arrived by the end of ``known_on``, by arrival, file and place in it.

    A row has the headings of its sheet (docs/contracts.md), None for an empty cell, and ``file``, ``sheet`` and
    ``arrived_on`` (a date). Values are as in the cell: a number as text is Vietnamese. Seeded faults are included.
    """
    return [
        {heading: row.get(heading) for heading in HEADINGS[sheet]}
        | {"file": file.path, "sheet": sheet, "arrived_on": file.arrived_on}
        for file in list_returns(seed)
        if file.arrived_on <= known_on
        for sheet, rows in file.tables.items()
        for row in rows
    ]
