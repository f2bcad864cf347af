"""The oracle's returns: what agencies reported by hand, cell by cell, and how far their tasks are."""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.oracle.figure import Figure, Record, read_number
from tests.oracle.plan import PLAN_YEAR, Reading, read_readings, read_tasks
from tests.oracle.province import ROOT, agencies_on

DAYS_TO_REPORT = timedelta(days=20)
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
    """A file as a night took it in: its day, the SHA-256 of its bytes, its rows by sheet, when it was last changed."""

    told_on: date
    content_sha256: str
    tables: dict[str, list[Record]]
    modified_at: datetime = datetime.min.replace(tzinfo=UTC)

    @property
    def rank(self) -> tuple[date, datetime, str]:
        """The greatest counts: the file seen later; of one night the one changed later, then the greater hash."""
        return self.told_on, self.modified_at, self.content_sha256


class Told(NamedTuple):
    """A cell's figure; the greatest rank counts."""

    rank: tuple[date, datetime, str]
    period: str
    numerator: Fraction
    denominator: Fraction | None


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

    def _find_own(self, code: str, agency: str, year: int, day: date) -> Figure | None:
        told = self._figures.get((code, agency), {})
        end = max((end for end in told if end <= day and end.year == year), default=None)
        if end is None:
            return None
        _, period, numerator, denominator = told[end]
        return Figure(numerator, denominator, end, end_freshness(period))

    def _find_joint(self, codes: tuple[str, ...], agency: str, year: int, day: date) -> Figure | None:
        parts = [figure for code in codes if (figure := self._find_own(code, agency, year, day))]
        if len(parts) < len(codes):
            return None
        return Figure(
            min(part.numerator for part in parts),
            max(part.denominator or Fraction() for part in parts),
            max(part.data_date for part in parts),
            min(part.fresh_until for part in parts),
        )

    def find_reports(self, day: date) -> dict[tuple[str, str], Report]:
        """The newest word that holds on ``day``, by task and agency."""
        holding = {
            cell: [report for report in reports if report.holds_from <= day] for cell, reports in self._reports.items()
        }
        return {cell: reports[-1] for cell, reports in holding.items() if reports}


def _count_cells(rows: list[Record], *headings: str) -> Counter[tuple[object, ...]]:
    return Counter(tuple(row.get(heading) for heading in headings) for row in rows)


def _read_figures(file: File) -> Iterator[tuple[str, str, Told]]:
    rows = file.tables.get("ChiTieu", [])
    headings = ("Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo")
    times = _count_cells(rows, *headings)
    readings = {r.code: r for r in read_readings() if r.variant == "primary" and r.source == "returns"}
    for row in rows:
        code, agency, period = cell = tuple(row[heading] for heading in headings)
        numerator, denominator = read_number(row["Tử số"]), read_number(row.get("Mẫu số"))
        is_number = numerator is not None and (denominator is not None or row.get("Mẫu số") is None)
        if times[cell] == 1 and code in readings and is_number and is_period(period, file.told_on):
            told = Told(file.rank, period, numerator, denominator)
            if is_in_place(readings[code], agency, told):
                yield code, agency, told


def is_period(period: str, told_on: date) -> bool:
    """Whether it is a period of the plan's year that is over on the day of the telling."""
    match = PERIOD.fullmatch(period)
    return bool(match) and int(match[1]) == PLAN_YEAR and end_period(period) <= told_on


def is_in_place(reading: Reading, agency: str, told: Told) -> bool:
    """Whether the agency belongs to the indicator's population and the parts can be what it asks for."""
    population = reading.counted(end_period(told.period)) | {ROOT}
    if agency not in population or min(told.numerator, told.denominator or 0) < 0:
        return False
    if reading.roll_up == "share_of_agencies" and agency != ROOT:
        return told.numerator in (0, 1) and told.denominator == 1
    return told.denominator is not None or not (reading.is_share or reading.is_target_reported)


def _read_reports(file: File) -> Iterator[tuple[str, str, Report]]:
    rows = file.tables.get("NhiemVu", [])
    headings = ("Mã nhiệm vụ", "Mã đơn vị")
    times = _count_cells(rows, *headings)
    for row in rows:
        code, agency = cell = tuple(row[heading] for heading in headings)
        status, done_on = STATUSES.get(row["Trạng thái"]), row.get("Ngày hoàn thành")
        is_known = code in read_tasks()[0] and agency in agencies_on(file.told_on) and status is not None
        has_its_date = status != "done" or (done_on is not None and done_on <= file.told_on)
        if times[cell] == 1 and is_known and has_its_date:
            evidence = row.get("Văn bản minh chứng")
            yield code, agency, Report(file.rank, status, done_on if status == "done" else None, evidence)
