"""Results computed by hand from the records shown here, against the pipeline and the oracle: the edges of the rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import NamedTuple

import pytest

from tests.oracle.attainment import ResultKey, Row, compute_results
from tests.oracle.comparison import read_attainment
from tests.oracle.eoffice import EOffice, read_counts
from tests.oracle.returns import File, Returns
from tests.oracle.small_sources import save_sheet, serve
from tests.oracle.source import Record
from tests.oracle.treasury import Treasury
from tests.runs.conftest import RECORDS_WELL, Installation

APRIL, MAY = date(2024, 4, 30), date(2024, 5, 1)
DECEMBER, JANUARY = date(2024, 12, 31), date(2025, 1, 31)
JUNE, JULY = date(2025, 6, 30), date(2025, 7, 1)  # the districts' last day, and the province's
DAYS = [APRIL, MAY, DECEMBER, JANUARY, JULY]
DISTRICTS = [f"H58.{number}" for number in range(31, 42)]
MILLION = 10**6
DECIMALS = 12


def write_document(
    unit: str, counts: tuple[int, int, int, int], processed: tuple[int, int, int], day: date = APRIL
) -> Record:
    """A row of the e-office.

    ``counts``: documents received; sent without, with and on paper. ``processed``: documents processed online, work
    files, work files processed online.
    """
    received, without_paper, with_paper, on_paper = counts
    documents_online, work_files, work_files_online = processed
    return {
        "MaDinhDanh": unit,
        "TenDonVi": unit,
        "Ngay": day.isoformat(),
        "VanBanDen": received,
        "VanBanDenDienTu": 0,
        "VanBanDenSoHoa": 0,
        "VanBanDi": without_paper + with_paper + on_paper,
        "VanBanDiDienTuKhongKemGiay": without_paper,
        "VanBanDiDienTuKemGiay": with_paper,
        "VanBanDiGiay": on_paper,
        "VanBanMat": 9,
        "VanBanXuLyTrenMang": documents_online,
        "HoSoCongViec": work_files,
        "HoSoCongViecXuLyTrenMang": work_files_online,
    }


def write_return(code: str, agency: str, period: str, numerator: object, denominator: object) -> Record:
    """A row of the sheet ChiTieu."""
    return {
        "Mã chỉ tiêu": code,
        "Mã đơn vị": agency,
        "Kỳ báo cáo": period,
        "Tử số": numerator,
        "Mẫu số": denominator,
    }


def write_payment(
    year: int, closed_on: date, kind: str, effective_on: str, plan: tuple[int, int], paid: tuple[int, float]
) -> Record:
    """A project's row in millions of đồng.

    ``plan``: of the year, carried over. ``paid``: for completed work, as an advance.
    """
    return {
        "NienDo": year,
        "NgayKetSo": closed_on.isoformat(),
        "MaDuAn": "7400001",
        "TenDuAn": "Cầu qua kênh",
        "MaChuDauTu": "1034501",
        "TenChuDauTu": "Ban QLDA",
        "MaNguonVon": "41",
        "LoaiKeHoach": kind,
        "SoQuyetDinh": "1/QĐ",
        "NgayHieuLuc": effective_on,
        "KeHoachVon": plan[0],
        "KeHoachKeoDai": plan[1],
        "ThanhToanKLHT": paid[0],
        "TamUngChuaThuHoi": paid[1],
        "DonViTien": MILLION,
    }


DOCUMENTS = [
    write_document("H58.02", (3, 0, 0, 0), (2, 1, 1)),  # sends nothing; processes 3 of 4
    write_document("H58.03", (10, 0, 0, 5), (14, 5, 4)),  # sends 5 on paper alone; processes 18 of 20
    write_document("H58.04", (60, 24, 6, 0), (75, 10, 5)),  # sends 30 electronically; processes exactly 80 of 100
    write_document("H58.99", (0, 4, 1, 0), (5, 0, 0)),  # not in the catalog; sends 5 electronically
    write_document("H58.03", (10, 0, 0, 0), (7, 0, 0), JUNE),  # processes 7 of 10 on the last day of its department
]
PAYMENTS = [
    write_payment(2024, APRIL, "TTG", "2024-01-01", (1000, 0), (1000, 0.5)),
    # The Prime Minister's plan of 1000 million becomes 1200 on 10 January; December's closing reports it early.
    write_payment(2024, DECEMBER, "TTG", "2024-01-01", (1000, 0), (400, 50)),
    write_payment(2024, DECEMBER, "TTG", "2025-01-10", (1200, 0), (0, 0)),
    write_payment(2024, DECEMBER, "HDND", "2024-01-01", (2500, 0), (300, 0)),
    write_payment(2024, DECEMBER, "HDND", "2023-01-01", (0, 500), (490, 0)),  # carried over: in neither term
    write_payment(2024, JANUARY, "TTG", "2025-01-10", (1200, 0), (1000, 80)),
    write_payment(2024, JANUARY, "HDND", "2024-01-01", (2500, 0), (1169, 0.9)),
    write_payment(2024, JANUARY, "HDND", "2023-01-01", (0, 500), (490, 0)),
]

# An export of December that comes in January: amounts in millions under the unit đồng. It changes nothing.
WRONG_UNIT = [row | {"DonViTien": 1} for row in PAYMENTS if row["NgayKetSo"] == DECEMBER.isoformat()]
QUARTER = [
    write_return("PL.VI.4-1", "H58.31.01", "2024-Q1", 1, 1),
    write_return("PL.VI.4-1", "H58.31.02", "2024-Q1", 0, 1),
    write_return("PL.VI.4-1", "H58.32.01", "2024-Q1", 1, 1),  # merged into another commune on 1 May
    *[write_return("II.2-2", district, "2024-Q1", int(number < 3), 1) for number, district in enumerate(DISTRICTS)],
    write_return("II.10-1", "H58", "2024-Q1", "1.000.001", "1.000.000"),
    write_return("II.10-2", "H58", "2024-Q1", "87,12\u00a0%", 100),
    # Each of these is rejected.
    write_return("II.6-1", "H58", "2024-Q1", "1,234", 1256),
    write_return("II.6-2", "H58", "2024-Q1", 5.5, 6),
    write_return("II.1.e-1", "H58", "2024-Q1", "87 %", 100),
    write_return("II.1.e-2", "H58", "2024-Q1", 1, 10**9 + 1),
    write_return("II.1.e-3", "H58", "2024-Q1", 96, 96),  # two names of one period
    write_return("II.1.e-3", "H58", "2024-03", 90, 96),
    write_return("II.8-1", "H58", "2024-Q1", 19, 200),
]
YEAR = [write_return("II.2-2", district, "2024", int(number < 4), 1) for number, district in enumerate(DISTRICTS)]
FILES = {
    APRIL: ("quy-1.xlsx", "ChiTieu", QUARTER),
    DECEMBER: ("nam.xlsx", "ChiTieu", YEAR),
    JANUARY: ("giai-ngan-2024-12.xlsx", "GiaiNgan", WRONG_UNIT),
}


class Expected(NamedTuple):
    """The columns of a result that are computed by hand."""

    numerator: Fraction | None
    denominator: Fraction | None
    value: Fraction | None
    status: str
    flags: frozenset[str] = frozenset()
    coverage: Fraction | None = None


def result_key(day: date, indicator: str, agency: str = "H58", variant: str = "primary") -> ResultKey:
    return ResultKey(day, 2024, indicator, variant, agency)


def expect(
    parts: tuple[float | None, float | None], value: str | None, status: str, *flags: str, coverage: str | None = None
) -> Expected:
    """An expected result; ``value`` and ``coverage`` are rounded to ``DECIMALS``."""
    percent, share = (round(Fraction(number), DECIMALS) if number else None for number in (value, coverage))
    numerator, denominator = (None if part is None else Fraction(str(part)) for part in parts)
    return Expected(numerator, denominator, percent, status, frozenset(flags), share)


def select_columns(row: Row) -> Expected:
    """The compared columns of a row; quotients are rounded to ``DECIMALS``."""
    value, coverage = (None if number is None else round(number, DECIMALS) for number in (row.value, row.coverage))
    return Expected(row.numerator, row.denominator, value, row.status, row.flags, coverage)


NOT_REPORTED = expect((None, None), None, "no_data")

RESULTS = {
    # The treasury, its records in millions of đồng.
    # 1000.5 of 1000
    "payments may exceed the plan": (
        result_key(APRIL, "II.7-1"),
        expect((1000_500_000, 1000 * MILLION), "100.05", "attained", "over_100"),
    ),
    # 400 + 50 of the 1000 in force; the 1200 are not in force yet, the 490 of carried-over capital count nowhere
    "a plan reported before it takes effect doesn't count yet": (
        result_key(DECEMBER, "II.7-1"),
        expect((450 * MILLION, 1000 * MILLION), "45", "pending"),
    ),
    # 450 + 300 of 2500
    "carried-over capital is in neither term": (
        result_key(DECEMBER, "II.7-1", variant="council_plan"),
        expect((750 * MILLION, 2500 * MILLION), "30", "pending"),
    ),
    # 1000 + 80 of 1200 = 90 %, and the year is closed
    "exactly 90 % is not more than 90 %": (
        result_key(JANUARY, "II.7-1"),
        expect((1080 * MILLION, 1200 * MILLION), "90", "missed"),
    ),
    "the annex has the same result": (
        result_key(JANUARY, "PL.VI.7-1"),
        expect((1080 * MILLION, 1200 * MILLION), "90", "missed"),
    ),
    # 1080 + 1169.9 = 2249.9 of 2500
    "89.996 % shows as 90.00 and is missed": (
        result_key(JANUARY, "II.7-1", variant="council_plan"),
        expect((2249_900_000, 2500 * MILLION), "89.996", "missed"),
    ),
    # The e-office.
    "0 of 0 is not applicable": (
        result_key(APRIL, "II.9-1", "H58.02"),
        expect((0, 0), None, "not_applicable", coverage="1"),
    ),
    "0 of 5 is zero": (
        result_key(APRIL, "II.9-1", "H58.03"),
        expect((0, 5), "0", "missed", coverage="1"),
    ),
    "nothing sent is no data": (
        result_key(APRIL, "II.9-1", "H58.05"),
        expect((None, None), None, "no_data", coverage="0"),
    ),
    # 0 + 0 + 30 + 5 of 0 + 5 + 30 + 5; three of 19 departments, 11 districts and 172 communes reported
    "a unit that is not in the catalog counts for the province, with a flag": (
        result_key(APRIL, "II.9-1"),
        expect((35, 40), "87.5", "missed", "agency_not_in_catalog", coverage="3/202"),
    ),
    # 24 + 4 of 40
    "with a paper copy is not paperless": (
        result_key(APRIL, "II.9-1", variant="paperless"),
        expect((28, 40), "70", "missed", "agency_not_in_catalog", coverage="3/202"),
    ),
    # 75 + 5 of 60 + 30 + 10
    "exactly 80 % is not more than 80 %": (
        result_key(APRIL, "PL.VII.7-1", "H58.04"),
        expect((80, 100), "80", "missed", coverage="1"),
    ),
    # 3 + 18 + 80 of 4 + 20 + 100; the unit that is not in the catalog is no department
    "departments are pooled": (
        result_key(APRIL, "PL.VII.7-1"),
        expect((101, 124), "2525/31", "attained", coverage="3/19"),
    ),
    # 3 of 4 and 80 of 100 are not more than 80 %, 18 of 20 are
    "one of 19 departments is above the target": (
        result_key(APRIL, "PL.VII.7-1", variant="each_agency"),
        expect((1, 19), "100/19", "missed", "partial", coverage="3/19"),
    ),
    # The returns.
    "3 of 11 districts are less than 30 %": (
        result_key(APRIL, "II.2-2"),
        expect((3, 11), "300/11", "pending", coverage="1"),
    ),
    "4 of 11 districts are more than 30 %": (
        result_key(DECEMBER, "II.2-2"),
        expect((4, 11), "400/11", "attained", coverage="1"),
    ),
    # 3 + 0 of 11 + 18; the 18 reported nothing
    "departments and districts are one group": (
        result_key(APRIL, "II.2-1", variant="pooled"),
        expect((3, 29), "300/29", "pending", "partial", coverage="11/29"),
    ),
    "172 communes until 30 April": (
        result_key(APRIL, "PL.VI.4-1"),
        expect((2, 172), "50/43", "pending", "partial", coverage="3/172"),
    ),
    "170 communes from 1 May, without the one that reported a yes": (
        result_key(MAY, "PL.VI.4-1"),
        expect((1, 170), "10/17", "pending", "partial", coverage="2/170"),
    ),
    "100.0001 % is invalid": (
        result_key(APRIL, "II.10-1"),
        expect((1_000_001, 1_000_000), "100.0001", "invalid", "numerator_over_denominator"),
    ),
    "a rate is the number before its percent sign": (
        result_key(APRIL, "II.10-2"),
        expect((87.12, 100), "87.12", "attained"),
    ),
    "1,234 of counted things is rejected": (result_key(APRIL, "II.6-1"), NOT_REPORTED._replace(coverage=Fraction(0))),
    "5.5 of 6 things is rejected": (result_key(APRIL, "II.6-2"), NOT_REPORTED),
    "a percentage of counted things is rejected": (result_key(APRIL, "II.1.e-1"), NOT_REPORTED),
    "a count above 10^9 is rejected": (result_key(APRIL, "II.1.e-2"), NOT_REPORTED),
    "one period under two names is rejected": (result_key(APRIL, "II.1.e-3"), NOT_REPORTED),
    "exactly 9.5 % is at least 9.5 %": (
        result_key(APRIL, "II.8-1"),
        expect((19, 200), "9.5", "attained", "sent_by_lead", coverage="0"),
    ),
    "nothing reported is no data": (result_key(APRIL, "II.1.e-4"), NOT_REPORTED),
    # The day after the province's last agencies.
    "increments are pooled by the day of the event": (
        result_key(JULY, "PL.VII.7-1"),
        expect((7, 10), "70", "missed", "plan_of_other_year"),
    ),
    "the survey of 2025 is expected in April 2026": (
        result_key(JULY, "II.1.dd-2"),
        expect((None, None), None, "pending", "plan_of_other_year"),
    ),
    "a province without a list of agencies has no known population": (
        result_key(JULY, "II.2-2"),
        expect((None, None), None, "no_data", "plan_of_other_year"),
    ),
    # Sources without a connection.
    "the portal isn't connected": (
        result_key(APRIL, "II.1.a-2", "H58.02"),
        expect((None, None), None, "no_data", coverage="0"),
    ),
    "the one-stop system isn't connected": (result_key(APRIL, "II.1.a-1"), NOT_REPORTED),
    "an indicator without a source has no data": (result_key(APRIL, "PL.III.7-x"), NOT_REPORTED),
}

PACES = {
    # 121 of 366 days, 30 %
    "a straight line to 31 December": (result_key(APRIL, "II.2-2"), (Fraction(30 * 121, 366), "on_track")),
    # 366 of 397 days, 90 %; 45 % are paid
    "a straight line to 31 January": (result_key(DECEMBER, "II.7-1"), (Fraction(90 * 366, 397), "behind")),
    "at the close it is the target": (result_key(JANUARY, "II.7-1"), (Fraction(90), "behind")),
    "no pace where a result is judged on the day of its report": (result_key(APRIL, "II.9-1"), (None, "none")),
}


@pytest.fixture(scope="module")
def pipeline_results(make_installation: Callable[[], Installation]) -> dict[ResultKey, Row]:
    installation = make_installation()
    with serve(DOCUMENTS, PAYMENTS) as sources:
        installation.connect_records(sources)
        for day in DAYS:
            if day in FILES:
                name, sheet, records = FILES[day]
                save_sheet(installation.inbox / "H58.02" / name, sheet, records)
            assert installation.run_day(day) == RECORDS_WELL
    return read_attainment(installation, DAYS)


@pytest.fixture(scope="module")
def oracle_results() -> dict[ResultKey, Row]:
    treasury = Treasury()
    for closed_on in (APRIL, DECEMBER, JANUARY):
        treasury.accept([row for row in PAYMENTS if row["NgayKetSo"] == closed_on.isoformat()])
    treasury.accept(WRONG_UNIT, is_file=True)
    files = [File(day, "", {sheet: records}) for day, (_, sheet, records) in FILES.items()]
    documents = [[row for row in DOCUMENTS if row["Ngay"] == day.isoformat()] for day in (APRIL, JUNE)]
    sources = {"eoffice": EOffice(documents), "treasury": treasury, "returns": Returns(files)}
    return compute_results(sources, DAYS)


@pytest.mark.parametrize(("key", "expected"), RESULTS.values(), ids=RESULTS)
def test_result_of_the_pipeline_is_the_one_by_hand(pipeline_results, key, expected):
    assert select_columns(pipeline_results[key]) == expected


@pytest.mark.parametrize(("key", "expected"), RESULTS.values(), ids=RESULTS)
def test_result_of_the_oracle_is_the_one_by_hand(oracle_results, key, expected):
    assert select_columns(oracle_results[key]) == expected


@pytest.mark.parametrize("fixture", ["pipeline_results", "oracle_results"])
@pytest.mark.parametrize(("key", "expected"), PACES.values(), ids=PACES)
def test_pace_of_pipeline_and_oracle_is_the_one_by_hand(request, fixture, key, expected):
    row = request.getfixturevalue(fixture)[key]
    pace, status = expected
    assert (row.pace_target and round(row.pace_target, DECIMALS), row.pace_status) == (
        pace and round(pace, DECIMALS),
        status,
    )


@pytest.mark.parametrize("wrong", [-1, 10**9 + 1, 10.5, "chưa có", None])
def test_oracle_rejects_a_row_of_the_e_office_without_a_valid_count(wrong):
    assert read_counts(DOCUMENTS[0]) is not None
    assert read_counts(DOCUMENTS[0] | {"VanBanDi": wrong}) is None
