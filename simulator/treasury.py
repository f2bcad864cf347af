"""The treasury: plans and payments of the province's investment projects, cumulative to any closing day.

A budget year is drawn once from (seed, year): for each project and fund a line of the Prime Minister's plan (TTG), one
of the council's (HDND), which contains it, and sometimes capital carried over from the year before. Each payment is on
one row: a payment of the Prime Minister's plan isn't on the council's row again.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from simulator.seeded_faults import ProjectRow, Row, read_seeded_faults
from simulator.values import DEFAULT_SEED

STREAM = 7
MILLION = 10**6

FUNDS = ("41", "42", "43")
INVESTORS = (
    ("1034501", "Ban QLDA đầu tư xây dựng các công trình giao thông tỉnh"),
    ("1034502", "Ban QLDA đầu tư xây dựng các công trình dân dụng tỉnh"),
    ("1034503", "Ban QLDA đầu tư xây dựng các công trình nông nghiệp tỉnh"),
    ("1034504", "Sở Y tế"),
    ("1034505", "Sở Giáo dục và Đào tạo"),
    ("1034506", "Sở Thông tin và Truyền thông"),
    ("1034507", "Bộ Chỉ huy Quân sự tỉnh"),
    ("1034508", "Ban QLDA thành phố Mỹ Tho"),
    ("1034509", "Ban QLDA thành phố Gò Công"),
    ("1034510", "Ban QLDA thị xã Cai Lậy"),
    ("1034511", "Ban QLDA huyện Cái Bè"),
    ("1034512", "Ban QLDA huyện Châu Thành"),
)
PROJECTS = 40
WORKS = ("Nâng cấp đường huyện", "Cầu qua kênh", "Trường trung học cơ sở", "Trạm bơm và cống", "Trung tâm y tế")
PLACES = ("Mỹ Tho", "Gò Công", "Cai Lậy", "Tân Phước", "Cái Bè", "Châu Thành", "Chợ Gạo", "Tân Phú Đông")

# The decision of December 2023 assigned the province 4,974 billion đồng; the council adds its own and adjusts.
PLAN_VND = 4_974_000 * MILLION
# Share of the year's payments made by the end of each month, the thirteenth included: little before the rains, a rush
# before the books close. By pace, a project is ahead of it or behind.
PAID_BY_MONTH = (0.01, 0.03, 0.08, 0.14, 0.21, 0.29, 0.37, 0.45, 0.54, 0.63, 0.74, 0.88, 1.0)
# Share of the plan that is paid when the year closes. For any seed, payments of the Prime Minister's plan pass the
# target of 90 % in the last days. The council's addition is paid much less, so that the variant council_plan misses it.
PAID_OF_PLAN, SPREAD = 0.92, 0.06
PAID_OF_ADDED = 0.70
RETURNED_SHARE, DAYS_TO_PAY_AGAIN = (
    0.8,
    40,
)  # the share of an advance that a contractor returns, and the days until it is paid again


class Version(NamedTuple):
    """A decided plan: in force from ``effective_on``, in the answers from ``reported_on``."""

    decision: str
    effective_on: date
    reported_on: date
    amount: int


@dataclass(frozen=True, slots=True)
class Line:
    """A project's capital of one fund and kind of plan; ``final``: the payments when the year closes, in đồng."""

    project: int
    fund: str
    kind: Literal["TTG", "HDND"]
    versions: tuple[Version, ...]
    final: int
    pace: float
    returned_on: date | None = None
    is_carried_over: bool = False


def closes_on(year: int) -> date:
    """The last closing day of budget year ``year``."""
    return date(year + 1, 1, 31)


def share_paid(year: int, day: date) -> float:
    """Share of the payments of ``year`` that an ordinary project has by the end of ``day``."""
    ends = [date(year, month, monthrange(year, month)[1]) for month in range(1, 13)] + [closes_on(year)]
    days = [date(year - 1, 12, 31).toordinal(), *(end.toordinal() for end in ends)]
    return float(np.interp(day.toordinal(), days, [0.0, *PAID_BY_MONTH]))


def decide_versions(year: int, amounts: tuple[int, int], rng: np.random.Generator) -> tuple[Version, ...]:
    """A decision on ``amounts[0]``; a quarter are revised to ``amounts[1]``, half of these announced before."""
    first_day = date(year, 1, 1)
    number = int(rng.integers(100, 900))
    first = Version(f"{number}/QĐ-UBND", first_day, first_day, amounts[0])
    if rng.random() >= 0.25:
        return (first,)
    effective_on = first_day + timedelta(days=int(rng.integers(100, 320)))
    reported_on = effective_on - timedelta(days=int(rng.integers(5, 20)) if rng.random() < 0.5 else 0)
    return first, Version(f"{number + 1000}/QĐ-UBND", effective_on, reported_on, amounts[1])


def whole_millions(amount: float) -> int:
    """An amount in whole millions of đồng, as plans are decided."""
    return round(amount / MILLION) * MILLION


@lru_cache(maxsize=8)
def draw_lines(seed: int, year: int) -> tuple[Line, ...]:
    """All lines of budget year ``year``."""
    rng = np.random.default_rng([seed, year, STREAM])
    places = [(project, fund) for project in range(PROJECTS) for fund in FUNDS[: 1 + int(rng.random() < 0.3)]]
    weights = rng.lognormal(0, 0.8, len(places))
    assigned = np.array([fund == FUNDS[0] or rng.random() < 0.5 for _, fund in places])
    finals = rng.uniform(-SPREAD, SPREAD, len(places))
    finals += PAID_OF_PLAN - np.average(finals[assigned], weights=weights[assigned])
    lines: list[Line] = []
    for (project, fund), weight, is_assigned, final in zip(places, weights, assigned, finals, strict=True):
        amount = whole_millions(PLAN_VND * weight / weights[assigned].sum())
        added = whole_millions(amount * rng.uniform(0.1, 0.6)) if not is_assigned or rng.random() < 0.4 else 0
        revised = rng.uniform(0.85, 1.25)
        pace = rng.uniform(0.8, 1.4)
        returned_on = date(year, int(rng.integers(4, 10)), 15) if rng.random() < 0.15 else None
        versions = decide_versions(year, (amount, whole_millions(amount * revised)), rng)
        council = tuple(
            version._replace(
                decision=version.decision.replace("QĐ-UBND", "NQ-HĐND"),
                amount=version.amount * int(is_assigned) + added,
            )
            for version in versions
        )
        if is_assigned:
            paid = int(versions[-1].amount * final)
            lines.append(Line(project, fund, "TTG", versions, paid, pace, returned_on))
        lines.append(Line(project, fund, "HDND", council, int(added * PAID_OF_ADDED), pace))
        if rng.random() < 0.15:
            carried = decide_versions(year, (whole_millions(amount * 0.1),) * 2, rng)[:1]
            lines.append(Line(project, fund, "HDND", carried, int(carried[0].amount * 0.9), 0.7, is_carried_over=True))
    return tuple(lines)


def pay(line: Line, year: int, day: date) -> tuple[int, int]:
    """Completed work paid, and advances not yet recovered, by the end of ``day``, in whole thousands of đồng."""
    share = share_paid(year, day)
    paid = line.final * share**line.pace
    advance = paid * (0.5 * (1 - share) + 0.03)
    completed = paid - advance
    if line.returned_on and line.returned_on <= day:
        then = share_paid(year, line.returned_on)
        returned = line.final * then**line.pace * (0.5 * (1 - then) + 0.03) * RETURNED_SHARE
        missing = max(0.0, 1 - (day - line.returned_on).days / DAYS_TO_PAY_AGAIN)
        advance = max(0.0, advance - returned * missing)
    return round(completed / 1000) * 1000, round(advance / 1000) * 1000


def write_rows(line: Line, year: int, day: date) -> list[Row]:
    """The line's versions reported by ``day``: the one in force with all payments, and those of later days."""
    reported = [version for version in line.versions if version.reported_on <= day]
    in_force = max((version for version in reported if version.effective_on <= day), key=lambda v: v.effective_on)
    completed, advance = pay(line, year, day)
    investor_code, investor_name = INVESTORS[line.project % len(INVESTORS)]
    return [
        {
            "NienDo": year,
            "NgayKetSo": day.isoformat(),
            "MaDuAn": str(7400001 + line.project),
            "TenDuAn": f"{WORKS[line.project % len(WORKS)]} {PLACES[line.project // len(WORKS)]}",
            "MaChuDauTu": investor_code,
            "TenChuDauTu": investor_name,
            "MaNguonVon": line.fund,
            "LoaiKeHoach": line.kind,
            "SoQuyetDinh": version.decision,
            "NgayHieuLuc": version.effective_on.isoformat(),
            "KeHoachVon": 0 if line.is_carried_over else version.amount,
            "KeHoachKeoDai": version.amount if line.is_carried_over else 0,
            "ThanhToanKLHT": completed if version is in_force else 0,
            "TamUngChuaThuHoi": advance if version is in_force else 0,
            "DonViTien": 1,
        }
        for version in reported
        if version is in_force or version.effective_on > day
    ]


AMOUNTS = ("KeHoachVon", "KeHoachKeoDai", "ThanhToanKLHT", "TamUngChuaThuHoi")


def seed_fault(rows: list[Row], fault: ProjectRow) -> None:
    """Put ``fault`` into ``rows``."""
    hit = [row for row in rows if row["MaDuAn"] == fault.project]
    if fault.times is None:
        hit[0].update(fault.changes)
    else:
        for row in hit:
            row.update({amount: row[amount] * fault.times for amount in AMOUNTS})


def treasury_records(
    year: int, closed_on: date, *, seed: int = DEFAULT_SEED, with_seeded_faults: bool = True
) -> list[Row]:
    """The rows of budget year ``year`` closed at the end of ``closed_on``, in đồng; none while the year isn't open.

    The rows have the fields of the wire (docs/contracts.md). With seeded faults they are the API's answer, without them
    the month's export.
    """
    if not date(year, 1, 1) <= closed_on <= closes_on(year):
        return []
    rows = [row for line in draw_lines(seed, year) for row in write_rows(line, year, closed_on)]
    for fault in read_seeded_faults().treasury.rows if with_seeded_faults else ():
        if fault.hits(closed_on, closed_on):
            seed_fault(rows, fault)
    return rows
