"""Counts of procedures: of an agency, used in a period, and published in time.

Many agencies share a procedure, so these are distinct counts: the units' counts don't add up to the province's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zlib import crc32

import numpy as np

from simulator.agencies import Agency
from simulator.periods import Period


@dataclass(frozen=True, slots=True)
class Procedures:
    """The number of an agency's procedures: ``total``, and those ``with_fee``."""

    total: int
    with_fee: int


# Communes have one catalogue, and so have districts; the province's is the union.
BY_LEVEL = {"province": Procedures(1842, 318), "district": Procedures(288, 66), "commune": Procedures(137, 41)}

AUTHORITY = {"year": 94, "quarter": 94, "month": 61}  # procedures that the province itself decides on
PARTIAL, FULL = 29, 43
CONTENT_FULL = 92
CITIZEN_DATA = {"year": 1264, "quarter": 1264, "month": 1265}
SERVICES = {"year": 1806, "quarter": 1806, "month": 1893}


@lru_cache(maxsize=1024)
def draw_procedures(seed: int, agency: Agency) -> Procedures:
    """The procedures of ``agency``; each department has its own."""
    if agency.level in BY_LEVEL:
        return BY_LEVEL[agency.level]
    rng = np.random.default_rng([seed, crc32(agency.code.encode())])
    total = int(rng.integers(3, 150))
    return Procedures(total, 1 + total // 6)


def count_distinct(procedures: int, dossiers: int) -> int:
    """The number of distinct ``procedures`` among ``dossiers``: it rises fast at first and never reaches all."""
    return procedures * dossiers // (dossiers + 25 * procedures) if dossiers else 0


@dataclass(frozen=True, slots=True)
class Publication:
    """A day's decision: numbers of procedures announced, opened to the public, and opened late."""

    day: date
    announced: int
    opened: int
    opened_late: int


@lru_cache(maxsize=8)
def draw_publications(seed: int, year: int) -> tuple[Publication, ...]:
    """The province's decisions of ``year``; two months have none.

    All procedures are announced in time; every fifth decision opens one late.
    """
    rng = np.random.default_rng([seed, year, crc32(b"publications")])
    quiet = rng.choice(12, 2, replace=False) + 1
    days = [
        date(year, month, day)
        for month in range(1, 13)
        if month not in quiet
        for day in sorted((rng.choice(28, rng.integers(1, 4), replace=False) + 1).tolist())
    ]
    announced = rng.integers(2, 10, len(days)).tolist()
    return tuple(
        Publication(day, count, count - count // 4, 1 if number % 5 == 1 else 0)
        for number, (day, count) in enumerate(zip(days, announced, strict=True))
    )


def list_publications(seed: int, period: Period, day: date) -> list[Publication]:
    """The decisions of ``period`` up to the end of ``day``."""
    decisions = draw_publications(seed, period.first.year)
    return [decision for decision in decisions if period.first <= decision.day <= min(period.last, day)]
