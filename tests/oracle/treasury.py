"""The oracle's treasury: closings of a budget year, the plan in force at each, and slips of the unit."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.oracle.figure import Figure, Record, read_number
from tests.oracle.province import ROOT

ALLOWED_DELAY = timedelta(days=3)
UNITS = (1, 10**6, 10**9)
SLIP = 300
LEAST_PLAN, LARGEST_PLAN = 10**6, 10**14
MOST_REFUSED = Fraction(5, 100)
AMOUNTS = ("KeHoachVon", "KeHoachKeoDai", "ThanhToanKLHT", "TamUngChuaThuHoi")


class Line(NamedTuple):
    """A version of a plan, in force from ``effective_on``: of the year, or carried over into it."""

    project: str
    fund: str
    kind: str
    effective_on: date
    is_carried_over: bool


class Money(NamedTuple):
    """Đồng."""

    plan: Fraction
    paid: Fraction


class Closing(NamedTuple):
    """A closing day of a budget year."""

    year: int
    day: date


class Treasury:
    """Accepted rows by closing; a later telling replaces all rows of each project, fund and kind that it names."""

    def __init__(self) -> None:
        self._closings: dict[Closing, dict[Line, Money]] = {}

    def tell(self, rows: list[Record]) -> None:
        """Take in an answer or a file: all but its refused rows, nothing where these are more than 5 %."""
        cells = [(Closing(row["NienDo"], date.fromisoformat(row["NgayKetSo"])), read_line(row), row) for row in rows]
        times = Counter((closing, line) for closing, line, _ in cells)
        accepted = [
            (closing, line, money)
            for closing, line, row in cells
            if line and times[closing, line] == 1 and (money := self._read_money(closing, line, row))
        ]
        if len(rows) - len(accepted) <= MOST_REFUSED * len(rows):
            named = {(closing, line[:3]) for closing, line, _ in accepted}
            for closing, lines in self._closings.items():
                self._closings[closing] = {k: money for k, money in lines.items() if (closing, k[:3]) not in named}
            for closing, line, money in accepted:
                self._closings.setdefault(closing, {})[line] = money

    def _read_money(self, closing: Closing, line: Line, row: Record) -> Money | None:
        """What the row says in đồng; None where it can't be believed."""
        amounts = [read_number(row[amount]) for amount in AMOUNTS]
        unit = row["DonViTien"]
        if None in amounts or unit not in UNITS or amounts[0] < 0:
            return None
        plan, carried_over, completed, advance = (amount * unit for amount in amounts)
        if (plan and carried_over) or (plan and not LEAST_PLAN <= plan <= LARGEST_PLAN):
            return None
        money = Money(plan, completed + advance)
        before = self._find_neighbour(closing, line)
        return None if before and is_slip(before, money) else money

    def _find_neighbour(self, closing: Closing, line: Line) -> Money | None:
        """The line at the nearest earlier closing, else at the nearest later one."""
        told = {
            other.day: lines[line]
            for other, lines in self._closings.items()
            if other.year == closing.year and line in lines
        }
        earlier = [day for day in told if day < closing.day]
        later = [day for day in told if day > closing.day]
        return told[max(earlier)] if earlier else told[min(later)] if later else None

    def find(self, metric: str, agency: str, year: int, day: date) -> Figure | None:
        """The newest closing of budget year ``year`` until ``day``: the province's, since investors are no agencies."""
        days = [closing.day for closing in self._closings if closing.year == year and closing.day <= day]
        if agency != ROOT or not days:
            return None
        closed_on = max(days)
        told = self._closings[Closing(year, closed_on)]
        rows = {line: money for line, money in told.items() if not line.is_carried_over}
        kind = {"treasury.disbursement": "TTG", "treasury.council_plan_disbursement": "HDND"}[metric]
        paid = sum((m.paid for line, m in rows.items() if line.kind in ("TTG", kind)), Fraction())
        plans = self._list_plans(kind, year, closed_on)
        plan = sum((plans.get(key, Fraction()) for key in {line[:2] for line in rows if line.kind == kind}), Fraction())
        return Figure(paid, plan, closed_on, closed_on + ALLOWED_DELAY)

    def _list_plans(self, kind: str, year: int, day: date) -> dict[tuple[str, ...], Fraction]:
        """By project and fund: the newest version in force on ``day``; of one version the amount told last."""
        versions = sorted(
            (line.effective_on, closing.day, line[:2], money.plan)
            for closing, lines in self._closings.items()
            for line, money in lines.items()
            if closing.year == year and closing.day <= day and line.effective_on <= day
            if line.kind == kind and not line.is_carried_over
        )
        return {key: plan for _, _, key, plan in versions}


def read_line(row: Record) -> Line | None:
    """Which line a row tells of; None where no project, kind or day can be told."""
    project = str(row["MaDuAn"] or "")
    if (
        len(project) != 7
        or not project.isdecimal()
        or project == "0000000"
        or row["LoaiKeHoach"] not in ("TTG", "HDND")
    ):
        return None
    is_carried_over = bool(read_number(row["KeHoachKeoDai"]))
    return Line(project, row["MaNguonVon"], row["LoaiKeHoach"], date.fromisoformat(row["NgayHieuLuc"]), is_carried_over)


def is_slip(before: Money, after: Money) -> bool:
    """Whether thousands of times more, or less, than at the project's own other closing."""
    if before.plan and after.plan and not Fraction(1, SLIP) < after.plan / before.plan < SLIP:
        return True
    if not before.paid:
        return False
    times = after.paid / before.paid
    return (times >= SLIP and after.paid > after.plan) or 0 < times <= Fraction(1, SLIP)
