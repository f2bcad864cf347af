"""The oracle's treasury: closings of a budget year, the plan in force at each, and unit slips."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.oracle.numbers_and_texts import read_cell, read_wire_number
from tests.oracle.province import ROOT
from tests.oracle.source import MetricValue, Record

ALLOWED_DELAY = timedelta(days=3)
UNITS = (1, 10**6, 10**9)
SLIP = 300
MIN_PLAN, MAX_PLAN = 10**6, 10**14
MAX_REJECTED_SHARE = Fraction(5, 100)
PROJECT = re.compile("[0-9]{7}")
AMOUNTS = ("KeHoachVon", "KeHoachKeoDai", "ThanhToanKLHT", "TamUngChuaThuHoi")


class Plan(NamedTuple):
    """A project's plan of the year, or one carried over into it."""

    project: str
    fund: str
    kind: str
    is_carried_over: bool


class Line(NamedTuple):
    """A version of a plan, in force from ``effective_on``."""

    plan: Plan
    effective_on: date


class Money(NamedTuple):
    """Amounts in đồng: the plan, of the year or carried over, and the payments."""

    plan: Fraction
    paid: Fraction


class Closing(NamedTuple):
    """A closing day and its budget year."""

    year: int
    day: date


class Treasury:
    """Accepted rows by closing.

    A later answer or file replaces all rows of each project, fund and kind that it names.
    """

    is_increment = False

    def __init__(self) -> None:
        self._closings: dict[Closing, dict[Line, Money]] = {}

    def accept(self, rows: list[Record], *, is_file: bool = False) -> None:
        """Accept the rows of an answer or a file. It is stopped where more than 5 % of them are rejected.

        Rows that come twice are rejected in a file. They stop an answer, since a page of it is missing.
        """
        parsed = [
            (read_closing(row), line, read_money(row, is_file=is_file))
            for row in rows
            if (line := read_line(row, is_file=is_file))
        ]
        times = Counter((closing, line) for closing, line, _ in parsed)
        paid: dict[tuple[Closing, Plan], Fraction] = defaultdict(Fraction)
        for closing, line, money in parsed:
            paid[closing, line.plan] += money.paid if money else 0
        accepted = [
            (closing, line, money)
            for closing, line, money in parsed
            if money and times[closing, line] == 1
            if not self._is_slip(closing, line, money.plan, paid[closing, line.plan])
        ]
        is_page_missing = not is_file and max(times.values(), default=1) > 1
        if is_page_missing or len(rows) - len(accepted) > MAX_REJECTED_SHARE * len(rows):
            return
        named = {(closing, line.plan[:3]) for closing, line, _ in accepted}
        for closing, lines in self._closings.items():
            self._closings[closing] = {k: money for k, money in lines.items() if (closing, k.plan[:3]) not in named}
        for closing, line, money in accepted:
            self._closings.setdefault(closing, {})[line] = money

    def _is_slip(self, closing: Closing, line: Line, plan: Fraction, paid: Fraction) -> bool:
        """Whether an amount is 300 times, or a 300th of, the one at the nearest earlier closing, else the next one.

        The plan is compared with that of the same version, else of the newest; payments with those of all versions
        together. A first advance may be small. So payments slip upwards only where they exceed the plan, and downwards
        only against an earlier closing.
        """
        days = [
            other.day
            for other, lines in self._closings.items()
            if other.year == closing.year and other.day != closing.day and any(k.plan == line.plan for k in lines)
        ]
        if not days:
            return False
        day = max((day for day in days if day < closing.day), default=min(days))
        before = {k: money for k, money in self._closings[Closing(closing.year, day)].items() if k.plan == line.plan}
        same_or_newest = before.get(line) or before[max(before)]
        paid_before = sum((money.paid for money in before.values()), Fraction())
        if plan > 0 and same_or_newest.plan > 0 and not Fraction(1, SLIP) < plan / same_or_newest.plan < SLIP:
            return True
        if paid <= 0 or paid_before <= 0:
            return False
        is_up = paid >= SLIP * paid_before and paid > plan
        return is_up or (SLIP * paid <= paid_before and day < closing.day)

    def find(self, metric: str, agency: str, year: int, day: date) -> MetricValue | None:
        """The province's value at the newest closing of ``year`` until ``day``; other agencies have none."""
        days = [closing.day for closing in self._closings if closing.year == year and closing.day <= day]
        if agency != ROOT or not days:
            return None
        closed_on = max(days)
        closing = self._closings[Closing(year, closed_on)]
        rows = {line: money for line, money in closing.items() if not line.plan.is_carried_over}
        kind = {"treasury.disbursement": "TTG", "treasury.council_plan_disbursement": "HDND"}[metric]
        paid = sum((m.paid for line, m in rows.items() if line.plan.kind in ("TTG", kind)), Fraction())
        plans = self._list_plans(kind, year, closed_on)
        plan = sum(
            (plans.get(key, Fraction()) for key in {line.plan[:2] for line in rows if line.plan.kind == kind}),
            Fraction(),
        )
        return MetricValue(paid, plan, closed_on, closed_on + ALLOWED_DELAY)

    def list_values(self, metric: str) -> Iterator[tuple[str, int, MetricValue]]:
        """The province's value at each closing."""
        for year, day in self._closings:
            value = self.find(metric, ROOT, year, day)
            assert value
            yield ROOT, year, value

    def _list_plans(self, kind: str, year: int, day: date) -> dict[tuple[str, ...], Fraction]:
        """The plan in force on ``day`` by project and fund: the newest version, with its newest amount."""
        versions = sorted(
            (line.effective_on, closing.day, line.plan[:2], money.plan)
            for closing, lines in self._closings.items()
            for line, money in lines.items()
            if closing.year == year and closing.day <= day and line.effective_on <= day
            if line.plan.kind == kind and not line.plan.is_carried_over
        )
        return {key: plan for _, _, key, plan in versions}


def read_closing(row: Record) -> Closing:
    """The closing of a row."""
    return Closing(row["NienDo"], date.fromisoformat(row["NgayKetSo"]))


def read_line(row: Record, *, is_file: bool) -> Line | None:
    """The version of a plan that a row reports; None where its project, kind or days are invalid."""
    project, effective_on = str(row["MaDuAn"] or ""), date.fromisoformat(row["NgayHieuLuc"])
    year, closed_on = read_closing(row)
    if not PROJECT.fullmatch(project) or project == "0000000" or row["LoaiKeHoach"] not in ("TTG", "HDND"):
        return None
    if abs(effective_on.year - year) > 1 or abs(closed_on.year - year) > 1:
        return None
    is_carried_over = (read_amount(row["KeHoachKeoDai"], is_file=is_file) or 0) > 0
    return Line(Plan(project, row["MaNguonVon"], row["LoaiKeHoach"], is_carried_over), effective_on)


def read_money(row: Record, *, is_file: bool) -> Money | None:
    """The money of a row in đồng; None where a rule rejects it."""
    amounts = [read_amount(row[amount], is_file=is_file) for amount in AMOUNTS]
    unit = read_amount(row["DonViTien"], is_file=is_file)
    if None in amounts or unit not in UNITS:
        return None
    plan, carried_over, completed, advance = (amount * unit for amount in amounts)
    planned = max(plan, carried_over)
    if min(plan, carried_over) != 0 or (planned and not MIN_PLAN <= planned <= MAX_PLAN):
        return None  # one of the two has to be 0, and none negative
    return Money(planned, completed + advance)


def read_amount(value: object, *, is_file: bool) -> Fraction | None:
    """The amount of an answer or of a cell; None where it is no number, or a percentage."""
    if not is_file:
        return read_wire_number(value)
    number = read_cell(value)
    return number.value if number and not number.is_percent else None
