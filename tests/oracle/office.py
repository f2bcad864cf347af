"""The oracle's e-office: what each unit did on each day, told again and again, summed from 1 January."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.figure import Figure, Record, add_up, read_number
from tests.oracle.province import ROOT, agencies_on

ALLOWED_DELAY = timedelta(days=3)
LARGEST_COUNT = 10**9
REQUIRED = (
    "VanBanDen",
    "VanBanDi",
    "VanBanDiDienTuKhongKemGiay",
    "VanBanDiDienTuKemGiay",
    "VanBanXuLyTrenMang",
    "HoSoCongViec",
    "HoSoCongViecXuLyTrenMang",
)
OTHERS = ("VanBanDenDienTu", "VanBanDenSoHoa", "VanBanDiGiay", "VanBanMat")

# Numerator and denominator of each metric: the columns that are summed (sources.md; indicators.csv, II.9-1, PL.VII.7).
METRICS = {
    "eoffice.sent_electronically": (("VanBanDiDienTuKhongKemGiay", "VanBanDiDienTuKemGiay"), ("VanBanDi",)),
    "eoffice.sent_without_paper": (("VanBanDiDienTuKhongKemGiay",), ("VanBanDi",)),
    "eoffice.processed_online": (
        ("VanBanXuLyTrenMang", "HoSoCongViecXuLyTrenMang"),
        ("VanBanDen", "VanBanDi", "HoSoCongViec"),
    ),
}
Counts = dict[str, Fraction]


def read_counts(row: Record) -> Counts | None:
    """The counts of a row; None where a rule of severity warning refuses it."""
    counts = {}
    if not row["MaDinhDanh"] or not row["Ngay"]:
        return None
    for column in (*REQUIRED, *OTHERS):
        count = read_number(row.get(column))
        if count is None and (column in REQUIRED or row.get(column) is not None):
            return None
        if count is not None and (not 0 <= count <= LARGEST_COUNT or count.denominator != 1):
            return None
        counts[column] = count or Fraction()
    return counts


def list_flags(counts: Counts, unit: str, day: date) -> frozenset[str]:
    """What is noted of an accepted row."""
    kinds = ("VanBanDiDienTuKhongKemGiay", "VanBanDiDienTuKemGiay", "VanBanDiGiay")
    received, work_files = counts["VanBanDen"], counts["HoSoCongViec"]
    documents = received + counts["VanBanDi"]
    noted = {
        "sent_parts_differ": sum(counts[kind] for kind in kinds) != counts["VanBanDi"],
        "received_parts_exceed": counts["VanBanDenDienTu"] + counts["VanBanDenSoHoa"] > received,
        "processed_over_total": counts["VanBanXuLyTrenMang"] > documents
        or counts["HoSoCongViecXuLyTrenMang"] > work_files,
        "agency_not_in_catalog": unit not in agencies_on(day),
    }
    return frozenset(flag for flag, holds in noted.items() if holds)


class Office:
    """Accepted rows; of a unit-day the one told last."""

    def __init__(self, tellings: Iterable[Iterable[Record]]) -> None:
        """``tellings``: the rows of each night, in the order of the nights."""
        self._units: dict[str, dict[date, Counts]] = {}
        for telling in tellings:
            for row in telling:
                counts = read_counts(row)
                if counts is not None:
                    self._units.setdefault(row["MaDinhDanh"], {})[date.fromisoformat(row["Ngay"])] = counts

    def find(self, metric: str, agency: str, year: int, day: date) -> Figure | None:
        """The sum from 1 January to ``day``: the unit's own or, for the province, of all units."""
        above, below = METRICS[metric]
        days = [
            Figure(
                sum((counts[column] for column in above), Fraction()),
                sum((counts[column] for column in below), Fraction()),
                event_day,
                event_day + ALLOWED_DELAY,
                list_flags(counts, unit, event_day),
            )
            for unit in (self._units if agency == ROOT else (agency,))
            for event_day, counts in self._units.get(unit, {}).items()
            if event_day.year == year and event_day <= day
        ]
        return add_up(days) if days else None
