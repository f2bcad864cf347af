"""The oracle's e-office: counts of each unit and day, whose newest report wins, summed from 1 January."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.numbers_and_texts import read_wire_number
from tests.oracle.province import ROOT, agencies_on
from tests.oracle.source import MetricValue, Record, add_up

ALLOWED_DELAY = timedelta(days=3)
MAX_COUNT = 10**9
MAX_REJECTED_SHARE = Fraction(5, 100)
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

# Numerator and denominator of each metric: the columns that are summed (clauses II.9 and PL.VII.7 of the plan).
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
    """The counts of a row; None where it breaks a rule that rejects it."""
    counts = {}
    if not row["MaDinhDanh"] or not row["Ngay"]:
        return None
    for column in (*REQUIRED, *OTHERS):
        count = read_wire_number(row.get(column))
        if count is None and (column in REQUIRED or row.get(column) is not None):
            return None
        if count is not None and (not 0 <= count <= MAX_COUNT or count.denominator != 1):
            return None
        counts[column] = count or Fraction()
    return counts


def list_flags(counts: Counts, unit: str, day: date) -> frozenset[str]:
    """The quality flags of an accepted row."""
    kinds = ("VanBanDiDienTuKhongKemGiay", "VanBanDiDienTuKemGiay", "VanBanDiGiay")
    received, work_files = counts["VanBanDen"], counts["HoSoCongViec"]
    documents = received + counts["VanBanDi"]
    conditions = {
        "sent_parts_differ": sum(counts[kind] for kind in kinds) != counts["VanBanDi"],
        "received_parts_exceed": counts["VanBanDenDienTu"] + counts["VanBanDenSoHoa"] > received,
        "processed_over_total": counts["VanBanXuLyTrenMang"] > documents
        or counts["HoSoCongViecXuLyTrenMang"] > work_files,
        "agency_not_in_catalog": unit not in agencies_on(day),
    }
    return frozenset(flag for flag, holds in conditions.items() if holds)


class EOffice:
    """The newest accepted row of each unit and day."""

    is_increment = True

    def __init__(self, answers: Iterable[Iterable[Record]]) -> None:
        """``answers``: the rows of each window, in the order of the requests."""
        self._units: dict[str, dict[date, Counts]] = {}
        for answer in answers:
            self._accept(list(answer))

    def _accept(self, rows: list[Record]) -> None:
        """Accept the rows of an answer. It is stopped where more than 5 % of them are rejected, or one comes twice."""
        times = Counter((row["MaDinhDanh"], row["Ngay"]) for row in rows if row["MaDinhDanh"] and row["Ngay"])
        accepted = [(row, counts) for row in rows if (counts := read_counts(row)) is not None]
        if len(rows) - len(accepted) <= MAX_REJECTED_SHARE * len(rows) and max(times.values(), default=1) == 1:
            for row, counts in accepted:
                self._units.setdefault(row["MaDinhDanh"], {})[date.fromisoformat(row["Ngay"])] = counts

    def find(self, metric: str, agency: str, year: int, day: date) -> MetricValue | None:
        """The sum from 1 January to ``day`` over the unit's rows or, for the province, over all units."""
        units = self._units if agency == ROOT else {agency: self._units.get(agency, {})}
        return add_days(metric, [(unit, *row) for unit, days in units.items() for row in days.items()], year, day)

    def list_values(self, metric: str) -> Iterator[tuple[str, int, MetricValue]]:
        """The increment of each unit and day, for the unit and for the province."""
        for unit, days in self._units.items():
            for day, counts in days.items():
                value = add_days(metric, [(unit, day, counts)], day.year, day)
                assert value
                yield unit, day.year, value
                yield ROOT, day.year, value


def add_days(metric: str, rows: Iterable[tuple[str, date, Counts]], year: int, until: date) -> MetricValue | None:
    """The sum of the rows of ``year`` until ``until``; None where there is no row."""
    above, below = METRICS[metric]
    days = [
        MetricValue(
            sum((counts[column] for column in above), Fraction()),
            sum((counts[column] for column in below), Fraction()),
            day,
            day + ALLOWED_DELAY,
            list_flags(counts, unit, day),
        )
        for unit, day, counts in rows
        if day.year == year and day <= until
    ]
    return add_up(days) if days else None
