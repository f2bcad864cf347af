"""The oracle's e-office: what each unit did on each day, told again and again, summed from 1 January."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.figure import Figure, Record, add_up
from tests.oracle.number import read_wire_number
from tests.oracle.province import ROOT, agencies_on

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
        count = read_wire_number(row.get(column))
        if count is None and (column in REQUIRED or row.get(column) is not None):
            return None
        if count is not None and (not 0 <= count <= MAX_COUNT or count.denominator != 1):
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

    is_increment = True

    def __init__(self, answers: Iterable[Iterable[Record]]) -> None:
        """``answers``: the rows of each window, in the order in which they were asked."""
        self._units: dict[str, dict[date, Counts]] = {}
        for answer in answers:
            self._tell(list(answer))

    def _tell(self, rows: list[Record]) -> None:
        """Accept an answer's rows; none where more than 5 % of them are rejected, or one comes twice."""
        times = Counter((row["MaDinhDanh"], row["Ngay"]) for row in rows if row["MaDinhDanh"] and row["Ngay"])
        accepted = [(row, counts) for row in rows if (counts := read_counts(row)) is not None]
        if len(rows) - len(accepted) <= MAX_REJECTED_SHARE * len(rows) and max(times.values(), default=1) == 1:
            for row, counts in accepted:
                self._units.setdefault(row["MaDinhDanh"], {})[date.fromisoformat(row["Ngay"])] = counts

    def find(self, metric: str, agency: str, year: int, day: date) -> Figure | None:
        """The sum from 1 January to ``day``: the unit's own or, for the province, of all units."""
        units = self._units if agency == ROOT else {agency: self._units.get(agency, {})}
        return add_days(metric, [(unit, *told) for unit, days in units.items() for told in days.items()], year, day)

    def list_figures(self, metric: str) -> Iterator[tuple[str, int, Figure]]:
        """What each unit adds on each day, to its own figure and to the province's."""
        for unit, days in self._units.items():
            for day, counts in days.items():
                figure = add_days(metric, [(unit, day, counts)], day.year, day)
                assert figure
                yield unit, day.year, figure
                yield ROOT, day.year, figure


def add_days(metric: str, told: Iterable[tuple[str, date, Counts]], year: int, until: date) -> Figure | None:
    """The unit-days of ``year`` to ``until`` summed; None of nothing."""
    above, below = METRICS[metric]
    days = [
        Figure(
            sum((counts[column] for column in above), Fraction()),
            sum((counts[column] for column in below), Fraction()),
            day,
            day + ALLOWED_DELAY,
            list_flags(counts, unit, day),
        )
        for unit, day, counts in told
        if day.year == year and day <= until
    ]
    return add_up(days) if days else None
