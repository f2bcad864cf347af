"""The counts behind the portal: each agency's dossiers, for any period as known at the end of any day.

A year is drawn once from (seed, year): whole dossiers for each catchment and day. A catchment is the area of an agency
as it was on 1 January 2024. After a merger the catchment, history included, counts for the heir, so that no dossier
is lost. Counts of a period are differences of cumulative sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.agencies import HEIRS, ROOT_CODE, Agency, answering_code
from simulator.periods import Period
from simulator.procedures import Procedures, draw_procedures
from simulator.season import weigh_day

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

DEFAULT_SEED = 1
FIRST_YEAR = 2024

# Share of the province's dossiers by level, and the inequality within the level (power of a uniform draw).
LEVEL_SHARES = {"department": (0.18, 3), "district": (0.27, 1), "commune": (0.55, 1)}
WITHOUT_DOSSIERS = {"H58.18"}  # Thanh tra tỉnh serves no procedures: the portal lists it with zeros
AVERAGE_DAYS = {"department": 11.0, "district": 6.0, "commune": 3.5}

DAYS_TO_COMPLETE = 8
DAYS_TO_ANSWER_PETITION = 15
DAYS_TO_FIND_DOUBLES = 5


class Rate(NamedTuple):
    """The share of ``counter`` in the counter ``of``.

    For any seed, the province's share of the whole year is ``level``, but for rounding. The last day is ``rise`` above
    the first; agencies differ by up to ``spread`` either way. By the targets of plan_2024 the year ends with payment,
    online channel and satisfaction attained, and with e-results, reuse and petitions missed. Digitisation crosses its
    80 % in the last two days.
    """

    counter: str
    of: str
    level: float
    rise: float
    spread: float


RATES = (
    Rate("on_time", "received", 0.932, 0.01, 0.055),
    Rate("completed", "received", 0.94, 0.0, 0.02),
    Rate("doubles", "received", 0.0008, 0.0, 0.0),
    Rate("e_results", "received", 0.93, 0.02, 0.055),
    Rate("digitised", "received", 0.80036, 0.18, 0.09),
    Rate("reused", "received", 0.38, 0.08, 0.25),
    Rate("citizen_data", "received", 0.66, 0.1, 0.25),
    Rate("synced", "received", 0.795, 0.05, 0.15),
    Rate("online", "received", 0.61, 0.08, 0.25),
    Rate("online_on_time", "online", 0.94, 0.01, 0.05),
    Rate("postal", "received", 0.004, 0.0, 0.003),
    Rate("payable", "received", 0.55, 0.02, 0.3),
    Rate("paid_online", "payable", 0.52, 0.08, 0.3),
    Rate("petitions", "received", 0.0009, 0.0, 0.0),
    Rate("petitions_late", "petitions", 0.03, 0.0, 0.0),
    Rate("petitions_satisfied", "petitions", 0.88, 0.0, 0.08),
    Rate("petitions_on_procedures", "petitions", 0.72, 0.0, 0.1),
    Rate("petitions_on_staff", "petitions", 0.23, 0.0, 0.1),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Whole counts of a unit and period. ``doubles`` are in no other count; ``processing_days`` are summed days."""

    received: int
    processing_days: int
    on_time: int
    completed: int
    doubles: int
    e_results: int
    digitised: int
    reused: int
    citizen_data: int
    synced: int
    online: int
    online_on_time: int
    postal: int
    payable: int
    paid_online: int
    petitions: int
    petitions_late: int
    petitions_satisfied: int
    petitions_on_procedures: int
    petitions_on_staff: int

    @property
    def dossiers(self) -> int:
        """Dossiers received as the portal counts them, undetected doubles included."""
        return self.received + self.doubles


COUNTERS = tuple(field.name for field in fields(Counts))
NOTHING = Counts(*[0] * len(COUNTERS))


@dataclass(frozen=True, slots=True)
class Unit:
    """An agency of the day with its counts of the period."""

    agency: Agency
    counts: Counts
    procedures: Procedures


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts of ``period`` as known at the end of ``day``.

    ``months``: the province's counts of each month of the period that has begun, by number.
    """

    period: Period
    day: date
    seed: int
    root: Unit
    units: tuple[Unit, ...]
    months: dict[int, Counts]


def cumulate_whole(expected: Real, rng: np.random.Generator) -> Whole:
    """Cumulative whole numbers within one of the cumulative sums of ``expected`` (agencies × days).

    Returns agencies × (days + 1), from 0. Each agency rounds at its own phase; otherwise the province's sum would be
    off by half a dossier for each agency.
    """
    phases = rng.random((expected.shape[0], 1))
    sums = np.cumsum(expected, axis=1)
    cumulative: Whole = np.floor(np.hstack([np.zeros_like(phases), sums]) + phases).astype(np.int64)
    return cumulative


def draw_share(base: Whole, rate: Rate, rng: np.random.Generator) -> Whole:
    """Cumulative counts of ``rate`` over the cumulative counts ``base`` (agencies × days + 1)."""
    daily = np.diff(base, axis=1)
    own = rng.uniform(-rate.spread, rate.spread, (daily.shape[0], 1))
    deviation = own + rate.rise * np.linspace(-0.5, 0.5, daily.shape[1])
    if daily.any():
        deviation -= np.average(deviation, weights=daily)
    return cumulate_whole(daily * np.clip(rate.level + deviation, 0.0, 1.0), rng)


def draw_received(agencies: tuple[Agency, ...], days: list[date], dossiers: int, rng: np.random.Generator) -> Whole:
    """Cumulative dossiers received by each agency, about ``dossiers`` in all on the last of ``days``."""
    shares = np.zeros(len(agencies))
    for level, (share, inequality) in LEVEL_SHARES.items():
        of_level = np.array([a.level == level and a.code not in WITHOUT_DOSSIERS for a in agencies])
        sizes = rng.uniform(0.3, 1.5, len(agencies)) ** inequality * of_level
        shares += share * sizes / sizes.sum()
    seasonal = np.array([weigh_day(day) for day in days])
    expected = shares[:, None] * seasonal * rng.uniform(0.8, 1.2, (len(agencies), len(days)))
    return cumulate_whole(expected * (dossiers / expected.sum()), rng)


@lru_cache(maxsize=8)
def draw_year(seed: int, year: int, dossiers: int, catchments: tuple[Agency, ...]) -> Whole:
    """Cumulative counts: counters (in the order of Counts) × catchments × days + 1, 0 before 1 January."""
    rng = np.random.default_rng([seed, year])
    start = date(year, 1, 1)
    days = [start + timedelta(days=n) for n in range((date(year + 1, 1, 1) - start).days)]
    drawn = {"received": draw_received(catchments, days, dossiers, rng)}
    pace = np.array([[AVERAGE_DAYS[agency.level]] for agency in catchments])
    pace *= rng.uniform(0.5, 1.5, pace.shape)
    drawn["processing_days"] = cumulate_whole(np.diff(drawn["received"], axis=1) * pace, rng)
    for rate in RATES:
        drawn[rate.counter] = draw_share(drawn[rate.of], rate, rng)
    delayed = np.zeros_like(drawn["completed"])
    delayed[:, DAYS_TO_COMPLETE:] = drawn["completed"][:, :-DAYS_TO_COMPLETE]
    drawn["completed"] = delayed
    return np.stack([drawn[counter] for counter in COUNTERS])


def count_period(year: Whole, period: Period, day: date) -> Whole:
    """Counts of ``period`` as known at the end of ``day``: counters × catchments.

    A petition counts as on time until its days are over, so the count of those on time can fall. Doubles are detected
    some days after the end of a month, so the counts of a closed month still change.
    """
    start = date(period.first.year, 1, 1)
    first = (period.first - start).days
    end = (min(period.last, day) - start).days + 1
    counts: Whole = year[:, :, end] - year[:, :, first]
    late = COUNTERS.index("petitions_late")
    matured = max(first, min(end, (day - start).days + 1 - DAYS_TO_ANSWER_PETITION))
    counts[late] = year[late, :, matured] - year[late, :, first]
    if period.kind != "month" or (day - period.last).days > DAYS_TO_FIND_DOUBLES:
        counts[COUNTERS.index("doubles")] = 0
    return counts


class Values:
    """The province's counts. Seed, dossiers a year and agencies decide them, not the order of questions."""

    heirs: Mapping[str, str] = HEIRS

    def __init__(self, seed: int, dossiers_per_year: int, agencies: tuple[Agency, ...]) -> None:
        self.seed = seed
        self.dossiers_per_year = dossiers_per_year
        self.agencies = agencies
        first_versions = {agency.code: agency for agency in reversed(agencies) if agency.code != ROOT_CODE}
        self.catchments = tuple(sorted(first_versions.values(), key=lambda agency: agency.code))

    def valid_agencies(self, day: date) -> dict[str, Agency]:
        """The agencies of ``day`` by code, sorted by code as text; empty while the province doesn't exist."""
        return {agency.code: agency for agency in self.agencies if agency.is_valid(day)}

    def draw_year(self, year: int) -> Whole:
        """Cumulative counts of ``year``: counters (in the order of Counts) × catchments × days + 1."""
        return draw_year(self.seed, year, self.dossiers_per_year, self.catchments)

    def take_snapshot(self, period: Period, day: date) -> Snapshot:
        """Count ``period``, which has begun on ``day``, for the province and its agencies of ``day``."""
        drawn = self.draw_year(period.first.year)
        valid = self.valid_agencies(day)
        columns = defaultdict(list)
        for column, catchment in enumerate(self.catchments):
            columns[answering_code(catchment.code, set(valid), self.heirs)].append(column)
        counts = count_period(drawn, period, day)
        months = [Period.of_months(period.first.year, month, month) for month in period.months]
        return Snapshot(
            period=period,
            day=day,
            seed=self.seed,
            root=self._unit(valid[ROOT_CODE], counts),
            units=tuple(self._unit(valid[code], counts[:, columns[code]]) for code in sorted(columns)),
            months={m.first.month: sum_counts(count_period(drawn, m, day)) for m in months if m.first <= day},
        )

    def _unit(self, agency: Agency, counts: Whole) -> Unit:
        return Unit(agency, sum_counts(counts), draw_procedures(self.seed, agency))


def sum_counts(counts: Whole) -> Counts:
    """The sum over catchments of ``counts`` (counters × catchments)."""
    return Counts(*counts.sum(axis=1).tolist())
