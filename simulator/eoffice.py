"""The e-office: counts of documents and work files by unit and day, as reported at the end of any later day.

A year is drawn once from (seed, year). Parts are drawn from their whole, so the identities of the source contract hold:
sent = its three kinds, received ≥ its parts, processed ≤ handled. Only seeded_faults.yaml breaks them.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulator.agencies import OFFICE_LEVELS, Agency, read_agencies
from simulator.season import weigh_day
from simulator.seeded_faults import Corrections, EOfficeFaults, Row, read_seeded_faults
from simulator.values import DEFAULT_SEED, FIRST_YEAR, Real, Whole, cumulate_whole

COUNTERS = (
    "VanBanDen",
    "VanBanDenDienTu",
    "VanBanDenSoHoa",
    "VanBanDi",
    "VanBanDiDienTuKhongKemGiay",
    "VanBanDiDienTuKemGiay",
    "VanBanDiGiay",
    "VanBanMat",
    "VanBanXuLyTrenMang",
    "HoSoCongViec",
    "HoSoCongViecXuLyTrenMang",
)
STREAM = 9  # separates the draws of this source from the portal's, which have the same seed and year


class Desk(NamedTuple):
    """A unit's counts on an ordinary Wednesday, and the share ``online`` ± ``spread`` that it processes online.

    By the targets of plan_2024 the departments together attain their 80 % and the divisions their 50 %; some units of
    each miss the target.
    """

    received: float
    sent: float
    work_files: float
    online: float
    spread: float


DESKS = {
    "department": Desk(46, 19, 9, 0.85, 0.08),
    "district": Desk(70, 38, 14, 0.80, 0.08),
    "division": Desk(9, 4, 3, 0.60, 0.13),
    "commune": Desk(8, 3, 2, 0.72, 0.10),
}
RECEIVED_ELECTRONIC, REST_DIGITISED = 0.93, 0.6
WITHOUT_PAPER = 0.35  # share of units that send nothing on paper alone; the others send up to MAX_ON_PAPER so
MAX_ON_PAPER, MAX_WITH_COPY = 0.04, 0.06
SECRET_PER_DAY = 0.05


class Year(NamedTuple):
    """Counts by day × unit × counter as reported first and in the end, and the days until the correction."""

    first: Whole
    final: Whole
    corrected_after: Whole


def draw_part(whole: Whole, share: Real | float, rng: np.random.Generator) -> Whole:
    """``share`` of the daily counts ``whole`` (units × days), never more than the whole on any day."""
    expected: Real = (whole * share).astype(np.float64)
    sums = cumulate_whole(expected, rng)
    return sums[:, 1:] - sums[:, :-1]


def complete_counts(base: dict[str, Whole]) -> Whole:
    """The counters in their order, sums of others included; days × units × counters."""
    base["VanBanDi"] = base["VanBanDiDienTuKhongKemGiay"] + base["VanBanDiDienTuKemGiay"] + base["VanBanDiGiay"]
    base["VanBanXuLyTrenMang"] = np.minimum(base["VanBanXuLyTrenMang"], base["VanBanDen"] + base["VanBanDi"])
    return np.stack([base[counter] for counter in COUNTERS]).transpose(2, 1, 0)


@lru_cache(maxsize=4)
def draw_year(seed: int, year: int, units: tuple[Agency, ...], corrections: Corrections) -> Year:
    """All unit-days of ``year``; a unit has counts all year, also after its end."""
    rng = np.random.default_rng([seed, year, STREAM])
    days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    desks = np.array([DESKS[unit.level] for unit in units])
    busy = rng.uniform(0.5, 1.5, (len(units), 1)) * np.array([weigh_day(day) for day in days])
    busy = busy * rng.uniform(0.8, 1.2, busy.shape)
    received, sent, work_files = (np.diff(cumulate_whole(desks[:, [n]] * busy, rng), axis=1) for n in range(3))
    online = desks[:, [3]] + desks[:, [4]] * rng.uniform(-1, 1, (len(units), 1))
    on_paper = rng.uniform(0, MAX_ON_PAPER, online.shape) * (rng.random(online.shape) >= WITHOUT_PAPER)
    electronic = draw_part(received, RECEIVED_ELECTRONIC, rng)
    paper = draw_part(sent, on_paper, rng)
    with_copy = draw_part(sent - paper, rng.uniform(0, MAX_WITH_COPY, online.shape), rng)
    final = {
        "VanBanDen": received,
        "VanBanDenDienTu": electronic,
        "VanBanDenSoHoa": draw_part(received - electronic, REST_DIGITISED, rng),
        "VanBanDiDienTuKhongKemGiay": sent - paper - with_copy,
        "VanBanDiDienTuKemGiay": with_copy,
        "VanBanDiGiay": paper,
        "VanBanMat": rng.poisson(SECRET_PER_DAY * busy),
        "VanBanXuLyTrenMang": draw_part(received + sent, online, rng),
        "HoSoCongViec": work_files,
        "HoSoCongViecXuLyTrenMang": draw_part(work_files, online, rng),
    }
    corrected_after = rng.integers(1, corrections.max_days + 1, (len(days), len(units)))
    corrected_after[rng.random(corrected_after.shape) >= corrections.share] = 0
    first = {counter: counts // 2 for counter, counts in final.items()}
    return Year(complete_counts(first), complete_counts(final), corrected_after)


class EOffice:
    """The e-office's rows. Seed, agencies, faults and question decide them, not the order of questions."""

    def __init__(
        self, seed: int, agencies: tuple[Agency, ...], faults: EOfficeFaults, units: int | None = None
    ) -> None:
        """``units``: only the first so many of each level by code, for small tests; their rows are the same."""
        self.seed = seed
        self.agencies = agencies
        self.faults = faults
        first_versions = {agency.code: agency for agency in reversed(agencies)}
        self.units = tuple(sorted(first_versions.values(), key=lambda agency: agency.code))
        self._columns = {unit.code: column for column, unit in enumerate(self.units)}
        self._shown = {
            unit.code
            for level in OFFICE_LEVELS
            for unit in [unit for unit in self.units if unit.level == level][:units]
        }
        self.list_rows = lru_cache(maxsize=8)(self._list_rows)  # a window is asked page by page

    def _list_rows(self, first_day: date, last_day: date, known_on: date) -> list[Row]:
        """The rows of ``first_day`` to ``last_day`` as reported at the end of ``known_on``, by day and code."""
        first = max(first_day, date(FIRST_YEAR, 1, 1))
        days = (min(last_day, known_on) - first).days + 1
        return [row for n in range(days) for row in self._list_day(first + timedelta(days=n), known_on)]

    def _list_day(self, day: date, known_on: date) -> list[Row]:
        year = draw_year(self.seed, day.year, self.units, self.faults.corrections)
        number = day.timetuple().tm_yday - 1
        is_final = year.corrected_after[number] <= (known_on - day).days
        counts = np.where(is_final[:, None], year.final[number], year.first[number]).tolist()
        rows = {
            unit.code: write_row(unit.code, unit.name, day)
            | dict(zip(COUNTERS, counts[self._columns[unit.code]], strict=True))
            for unit in self.agencies
            if unit.code in self._shown and unit.is_valid(day)
        }
        for fault in self.faults.rows:
            if fault.hits(day, known_on):
                if fault.unit not in self._columns:
                    rows[fault.unit] = write_row(fault.unit, "", day)
                if fault.unit in rows:
                    rows[fault.unit] |= fault.changes
        return list(rows.values())


def write_row(code: str, name: str, day: date) -> Row:
    """The first fields of every row."""
    return {"MaDinhDanh": code, "TenDonVi": name, "Ngay": day.isoformat()}


@lru_cache(maxsize=4)
def build_eoffice(seed: int, units: int | None = None) -> EOffice:
    """The e-office of the province of include/catalog/agencies.csv."""
    return EOffice(seed, read_agencies(levels=OFFICE_LEVELS), read_seeded_faults().eoffice, units)


def eoffice_records(
    first_day: date, last_day: date, known_on: date, *, seed: int = DEFAULT_SEED, units: int | None = None
) -> list[Row]:
    """The e-office's rows of ``first_day`` to ``last_day`` as reported at the end of ``known_on``, by day and code.

    They have the fields of the wire (docs/contracts.md) and the seeded faults; none is of a day after ``known_on``.
    ``units``: as for EOffice. The caller may change the rows.
    """
    return [dict(row) for row in build_eoffice(seed, units).list_rows(first_day, last_day, known_on)]
