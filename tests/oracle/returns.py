"""The oracle's returns: the values that agencies report by hand, and the statuses of their tasks."""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.oracle.numbers_and_texts import Number, is_blank, read_cell, read_text
from tests.oracle.plan import PLAN_YEAR, PlanVariant, read_tasks, read_variants
from tests.oracle.province import ROOT, agencies_on
from tests.oracle.source import MetricValue, Record

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
    """A file as a run reads it: its data date, the SHA-256 of its bytes, its rows by sheet, its last change.

    ``has_comma_columns``: it is a text file with commas between its columns.
    """

    reported_on: date
    content_sha256: str
    tables: dict[str, list[Record]]
    modified_at: datetime = datetime.min.replace(tzinfo=UTC)
    has_comma_columns: bool = False

    @property
    def rank(self) -> tuple[date, datetime, str]:
        """The greatest wins: the later data date, then the later change, then the greater hash."""
        return self.reported_on, self.modified_at, self.content_sha256


class ReportedValue(NamedTuple):
    """A value that an agency reports for a period; the greatest rank wins."""

    rank: tuple[date, datetime, str]
    period: str
    numerator: Fraction
    denominator: Fraction | None
    flags: frozenset[str] = frozenset()


class TaskReport(NamedTuple):
    """An agency's report on a task."""

    rank: tuple[date, datetime, str]
    status: str
    done_on: date | None
    evidence: str | None

    @property
    def holds_from(self) -> date:
        """The day from which it holds: a completion from its own day, any other report from its data date."""
        return self.done_on or self.rank[0]


def end_period(period: str) -> date:
    """The last day of a period such as 2024, 2024-Q1 or 2024-06."""
    year, _, part = period.partition("-")
    month = int(part.removeprefix("Q")) * (3 if part.startswith("Q") else 1) if part else 12
    return date(int(year), month, monthrange(int(year), month)[1])


def end_freshness(period: str) -> date:
    """The last day on which a value is fresh: 20 days after the end of the next period of the same length."""
    end = end_period(period)
    months = 12 if "-" not in period else 3 if "Q" in period else 1
    month = end.month + months
    year, month = end.year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, monthrange(year, month)[1]) + DAYS_TO_REPORT


class Returns:
    """The accepted rows of all files."""

    is_increment = False

    def __init__(self, files: list[File]) -> None:
        self._values: dict[tuple[str, str], dict[date, ReportedValue]] = {}
        self._task_reports: dict[tuple[str, str], list[TaskReport]] = {}
        for file in sorted(files, key=lambda file: file.rank):
            for code, agency, value in _read_values(file):
                self._values.setdefault((code, agency), {})[end_period(value.period)] = value
            for code, agency, report in _read_task_reports(file):
                self._task_reports.setdefault((code, agency), []).append(report)

    def find(self, metric: str, agency: str, year: int, day: date) -> MetricValue | None:
        """The value of the newest period of ``year`` that is over on ``day``."""
        if metric == JOINT[0]:
            return self._find_joint(JOINT[1], agency, year, day)
        codes = POOLED[1] if metric == POOLED[0] else (metric.removeprefix("returns."),)
        if metric == POOLED[0] and agency == ROOT:
            return None  # the province's row of one indicator doesn't hold for both
        found = [value for code in codes if (value := self._find_own(code, agency, year, day))]
        return max(found, key=lambda value: value.data_date, default=None)

    def list_values(self, metric: str) -> Iterator[tuple[str, int, MetricValue]]:
        """The value of each agency for each period."""
        for agency in {agency for _, agency in self._values}:
            for day in {end for (_, other), by_end in self._values.items() if other == agency for end in by_end}:
                value = self.find(metric, agency, day.year, day)
                if value and value.data_date == day:
                    yield agency, day.year, value

    def _find_own(self, code: str, agency: str, year: int, day: date) -> MetricValue | None:
        by_end = self._values.get((code, agency), {})
        end = max((end for end in by_end if end <= day and end.year == year), default=None)
        if end is None:
            return None
        _, period, numerator, denominator, flags = by_end[end]
        return MetricValue(numerator, denominator, end, end_freshness(period), flags)

    def _find_joint(self, codes: tuple[str, ...], agency: str, year: int, day: date) -> MetricValue | None:
        parts = [value for code in codes if (value := self._find_own(code, agency, year, day))]
        if len(parts) < len(codes):
            return None
        return MetricValue(
            min(part.numerator for part in parts),
            max(part.denominator or Fraction() for part in parts),
            max(part.data_date for part in parts),
            min(part.fresh_until for part in parts),
            frozenset().union(*(part.flags for part in parts)),
        )

    def find_task_reports(self, day: date) -> dict[tuple[str, str], TaskReport]:
        """The newest report that holds on ``day``, by task and agency."""
        holding = {
            key: [report for report in reports if report.holds_from <= day]
            for key, reports in self._task_reports.items()
        }
        return {key: reports[-1] for key, reports in holding.items() if reports}


def _read_values(file: File) -> Iterator[tuple[str, str, ReportedValue]]:
    rows = file.tables.get("ChiTieu", [])
    keys = [tuple(read_text(row[heading]) for heading in ("Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo")) for row in rows]
    # 2024-Q2 and 2024-06 end on one day.
    times = Counter((code, agency, end_period(period)) for code, agency, period in keys if PERIOD.fullmatch(period))
    variants = {v.code: v for v in read_variants() if v.variant == "primary" and v.source == "returns"}
    for row, (code, agency, period) in zip(rows, keys, strict=True):
        if code in variants and is_period(period, file.reported_on) and times[code, agency, end_period(period)] == 1:
            value = _read_parts(file, row, variants[code], period)
            if value and is_in_place(variants[code], agency, value):
                yield code, agency, value


def is_period(period: str, reported_on: date) -> bool:
    """Whether the text is a period of the plan's year or a later one that is over on ``reported_on``."""
    match = PERIOD.fullmatch(period)
    return bool(match) and int(match[1]) >= PLAN_YEAR and end_period(period) <= reported_on


def _read_parts(file: File, row: Record, variant: PlanVariant, period: str) -> ReportedValue | None:
    """The value of a row; None where a part is no number, or an ambiguous one."""
    numerator, denominator = read_cell(row["Tử số"]), read_cell(row.get("Mẫu số"))
    if numerator is None or (denominator is None and not is_blank(row.get("Mẫu số"))):
        return None
    parts = [part for part in (numerator, denominator) if part]
    if any(part.is_percent for part in parts) and not is_percentage(variant, numerator, denominator):
        return None
    if any(is_ambiguous(part, variant, file) for part in parts):
        return None
    if variant.counts == "whole" and any(part.value.denominator != 1 for part in parts):
        return None
    value = ReportedValue(file.rank, period, numerator.value, denominator.value if denominator else None)
    is_over = variant.is_share and denominator is not None and numerator.value > denominator.value
    return value._replace(flags=frozenset({"numerator_over_denominator"} if is_over else ()))


def is_percentage(variant: PlanVariant, numerator: Number, denominator: Number | None) -> bool:
    """Whether the percent sign of a part is allowed: only in a rate, as so many % over 100."""
    is_over_100 = denominator is not None and denominator.value == 100
    return variant.counts == "rate" and numerator.is_percent and is_over_100


def is_ambiguous(part: Number, variant: PlanVariant, file: File) -> bool:
    """Whether the only mark of a number may be a decimal mark or one between thousands."""
    return part.only_mark == "," if variant.counts == "whole" else bool(part.only_mark) and file.has_comma_columns


def is_in_place(variant: PlanVariant, agency: str, value: ReportedValue) -> bool:
    """Whether the agency belongs to the indicator's population and the parts are possible for the indicator."""
    population = variant.counted(end_period(value.period)) | {ROOT}
    parts = (value.numerator, value.denominator or Fraction())
    if agency not in population or min(parts) < 0 or max(parts) > MAX_COUNT:
        return False
    if variant.roll_up == "share_of_agencies" and agency != ROOT:
        return value.numerator in (0, 1) and value.denominator == 1
    return value.denominator is not None or not (variant.is_share or variant.is_target_reported)


def _read_task_reports(file: File) -> Iterator[tuple[str, str, TaskReport]]:
    rows = file.tables.get("NhiemVu", [])
    keys = [tuple(read_text(row[heading]) for heading in ("Mã nhiệm vụ", "Mã đơn vị")) for row in rows]
    times = Counter(keys)
    for row, (code, agency) in zip(rows, keys, strict=True):
        status, done_on = STATUSES.get(read_text(row["Trạng thái"])), row.get("Ngày hoàn thành")
        is_known = code in read_tasks()[0] and agency in agencies_on(file.reported_on) and status is not None
        has_its_date = status != "done" or (done_on is not None and done_on <= file.reported_on)
        if times[code, agency] == 1 and is_known and has_its_date:
            evidence = row.get("Văn bản minh chứng")
            yield code, agency, TaskReport(file.rank, status, done_on if status == "done" else None, evidence)
