"""The oracle's returns: what agencies reported by hand, cell by cell, and how far their tasks are."""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.oracle.figure import Figure, Record
from tests.oracle.number import Number, is_blank, read_cell, read_text
from tests.oracle.plan import PLAN_YEAR, Reading, read_readings, read_tasks
from tests.oracle.province import ROOT, agencies_on

DAYS_TO_REPORT = timedelta(days=20)
MAX_COUNT = 10**9
PERIOD = re.compile(r"(\d{4})(?:-(Q[1-4]|0[1-9]|1[0-2]))?")
STATUSES = {
    "chưa thực hiện": "not_started",
    "đang thực hiện": "in_progress",
    "hoàn thành": "done",
    "không áp dụng": "not_applicable",
}
# Variant joint: as many as meet the least met condition. Variant pooled: departments and districts as one group.
JOINT = ("returns.II.1.e.joint", ("II.1.e-1", "II.1.e-2", "II.1.e-3", "II.1.e-4"))
POOLED = ("returns.II.2.pooled", ("II.2-1", "II.2-2"))


class File(NamedTuple):
    """A file as a night took it in: its day, the SHA-256 of its bytes, its rows by sheet, when it was last changed.

    ``has_comma_columns``: it is a text file whose columns are separated by commas.
    """

    reported_on: date
    content_sha256: str
    tables: dict[str, list[Record]]
    modified_at: datetime = datetime.min.replace(tzinfo=UTC)
    has_comma_columns: bool = False

    @property
    def rank(self) -> tuple[date, datetime, str]:
        """The greatest counts: the file seen later; of one night the one changed later, then the greater hash."""
        return self.reported_on, self.modified_at, self.content_sha256


class Told(NamedTuple):
    """A cell's figure; the greatest rank counts."""

    rank: tuple[date, datetime, str]
    period: str
    numerator: Fraction
    denominator: Fraction | None
    flags: frozenset[str] = frozenset()


class Report(NamedTuple):
    """An agency's word on a task."""

    rank: tuple[date, datetime, str]
    status: str
    done_on: date | None
    evidence: str | None

    @property
    def holds_from(self) -> date:
        """A completion from the day on which it was, any other word from the day on which it was given."""
        return self.done_on or self.rank[0]


def end_period(period: str) -> date:
    """The last day of 2024, 2024-Q1 or 2024-06."""
    year, _, part = period.partition("-")
    month = int(part.removeprefix("Q")) * (3 if part.startswith("Q") else 1) if part else 12
    return date(int(year), month, monthrange(int(year), month)[1])


def end_freshness(period: str) -> date:
    """20 days after the end of the next period of the same length."""
    end = end_period(period)
    months = 12 if "-" not in period else 3 if "Q" in period else 1
    month = end.month + months
    year, month = end.year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, monthrange(year, month)[1]) + DAYS_TO_REPORT


class Returns:
    """Accepted rows of all files."""

    is_increment = False

    def __init__(self, files: list[File]) -> None:
        self._figures: dict[tuple[str, str], dict[date, Told]] = {}
        self._reports: dict[tuple[str, str], list[Report]] = {}
        for file in sorted(files, key=lambda file: file.rank):
            for code, agency, told in _read_figures(file):
                self._figures.setdefault((code, agency), {})[end_period(told.period)] = told
            for code, agency, report in _read_reports(file):
                self._reports.setdefault((code, agency), []).append(report)

    def find(self, metric: str, agency: str, year: int, day: date) -> Figure | None:
        """The newest period that is over on ``day``."""
        if metric == JOINT[0]:
            return self._find_joint(JOINT[1], agency, year, day)
        codes = POOLED[1] if metric == POOLED[0] else (metric.removeprefix("returns."),)
        if metric == POOLED[0] and agency == ROOT:
            return None  # the province's row of one entry says nothing of both
        found = [figure for code in codes if (figure := self._find_own(code, agency, year, day))]
        return max(found, key=lambda figure: figure.data_date, default=None)

    def list_figures(self, metric: str) -> Iterator[tuple[str, int, Figure]]:
        """The figure of each agency for each period."""
        for agency in {agency for _, agency in self._figures}:
            for day in {end for (_, other), told in self._figures.items() if other == agency for end in told}:
                figure = self.find(metric, agency, day.year, day)
                if figure and figure.data_date == day:
                    yield agency, day.year, figure

    def _find_own(self, code: str, agency: str, year: int, day: date) -> Figure | None:
        told = self._figures.get((code, agency), {})
        end = max((end for end in told if end <= day and end.year == year), default=None)
        if end is None:
            return None
        _, period, numerator, denominator, flags = told[end]
        return Figure(numerator, denominator, end, end_freshness(period), flags)

    def _find_joint(self, codes: tuple[str, ...], agency: str, year: int, day: date) -> Figure | None:
        parts = [figure for code in codes if (figure := self._find_own(code, agency, year, day))]
        if len(parts) < len(codes):
            return None
        return Figure(
            min(part.numerator for part in parts),
            max(part.denominator or Fraction() for part in parts),
            max(part.data_date for part in parts),
            min(part.fresh_until for part in parts),
            frozenset().union(*(part.flags for part in parts)),
        )

    def find_reports(self, day: date) -> dict[tuple[str, str], Report]:
        """The newest word that holds on ``day``, by task and agency."""
        holding = {
            cell: [report for report in reports if report.holds_from <= day] for cell, reports in self._reports.items()
        }
        return {cell: reports[-1] for cell, reports in holding.items() if reports}


def _read_figures(file: File) -> Iterator[tuple[str, str, Told]]:
    rows = file.tables.get("ChiTieu", [])
    cells = [tuple(read_text(row[heading]) for heading in ("Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo")) for row in rows]
    # 2024-Q2 and 2024-06 are one end.
    times = Counter((code, agency, end_period(period)) for code, agency, period in cells if PERIOD.fullmatch(period))
    readings = {r.code: r for r in read_readings() if r.variant == "primary" and r.source == "returns"}
    for row, (code, agency, period) in zip(rows, cells, strict=True):
        if code in readings and is_period(period, file.reported_on) and times[code, agency, end_period(period)] == 1:
            told = _read_parts(file, row, readings[code], period)
            if told and is_in_place(readings[code], agency, told):
                yield code, agency, told


def is_period(period: str, reported_on: date) -> bool:
    """Whether it is a period of the plan's year or a later one, and over on the day of the report."""
    match = PERIOD.fullmatch(period)
    return bool(match) and int(match[1]) >= PLAN_YEAR and end_period(period) <= reported_on


def _read_parts(file: File, row: Record, reading: Reading, period: str) -> Told | None:
    """The figure of a row; None where a part can't be read, or only in two ways."""
    numerator, denominator = read_cell(row["Tử số"]), read_cell(row.get("Mẫu số"))
    if numerator is None or (denominator is None and not is_blank(row.get("Mẫu số"))):
        return None
    parts = [part for part in (numerator, denominator) if part]
    if any(part.is_percent for part in parts) and not is_percentage(reading, numerator, denominator):
        return None
    if any(is_ambiguous(part, reading, file) for part in parts):
        return None
    if reading.counts == "whole" and any(part.value.denominator != 1 for part in parts):
        return None
    told = Told(file.rank, period, numerator.value, denominator.value if denominator else None)
    is_over = reading.is_share and denominator is not None and numerator.value > denominator.value
    return told._replace(flags=frozenset({"numerator_over_denominator"} if is_over else ()))


def is_percentage(reading: Reading, numerator: Number, denominator: Number | None) -> bool:
    """Whether a percent sign can only mean one thing: a rate, reported as so many % over 100."""
    is_over_100 = denominator is not None and denominator.value == 100
    return reading.counts == "rate" and numerator.is_percent and is_over_100


def is_ambiguous(part: Number, reading: Reading, file: File) -> bool:
    """Whether the one mark of a number may as well be another language's."""
    return part.only_mark == "," if reading.counts == "whole" else bool(part.only_mark) and file.has_comma_columns


def is_in_place(reading: Reading, agency: str, told: Told) -> bool:
    """Whether the agency belongs to the indicator's population and the parts can be what it asks for."""
    population = reading.counted(end_period(told.period)) | {ROOT}
    parts = (told.numerator, told.denominator or Fraction())
    if agency not in population or min(parts) < 0 or max(parts) > MAX_COUNT:
        return False
    if reading.roll_up == "share_of_agencies" and agency != ROOT:
        return told.numerator in (0, 1) and told.denominator == 1
    return told.denominator is not None or not (reading.is_share or reading.is_target_reported)


def _read_reports(file: File) -> Iterator[tuple[str, str, Report]]:
    rows = file.tables.get("NhiemVu", [])
    cells = [tuple(read_text(row[heading]) for heading in ("Mã nhiệm vụ", "Mã đơn vị")) for row in rows]
    times = Counter(cells)
    for row, (code, agency) in zip(rows, cells, strict=True):
        status, done_on = STATUSES.get(read_text(row["Trạng thái"])), row.get("Ngày hoàn thành")
        is_known = code in read_tasks()[0] and agency in agencies_on(file.reported_on) and status is not None
        has_its_date = status != "done" or (done_on is not None and done_on <= file.reported_on)
        if times[code, agency] == 1 and is_known and has_its_date:
            evidence = row.get("Văn bản minh chứng")
            yield code, agency, Report(file.rank, status, done_on if status == "done" else None, evidence)
