"""The oracle's readers of numbers, texts, rows, periods, sets and the plan.

The oracle judges the pipeline, so its own readers need tests.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from tests.oracle import province
from tests.oracle.attainment import ResultKey, compute_results
from tests.oracle.eoffice import OTHERS, REQUIRED, EOffice
from tests.oracle.numbers_and_texts import Number, is_blank, read_cell, read_text, read_wire_number
from tests.oracle.plan import read_tasks, read_variants
from tests.oracle.province import ROOT, Agency, members
from tests.oracle.returns import File, Returns, end_freshness, end_period
from tests.oracle.source import Record
from tests.oracle.treasury import Treasury

NEW_YEAR, MARCH, JUNE, JULY = date(2024, 1, 1), date(2024, 3, 31), date(2024, 6, 30), date(2025, 7, 1)
MILLION = 10**6


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("9,5", Fraction(19, 2)),
        ("1.234", 1234),
        ("1234", 1234),
        ("1\u00a0234", 1234),
        ("-1.234.567,25", Fraction("-1234567.25")),
        ("\u22121.234,5", Fraction("-1234.5")),
        ("\u200b9\u00ad,5\u2007", Fraction(19, 2)),
        (0.1, Fraction(1, 10)),
        (84.9999999999999, Fraction("84.9999999999999")),
        (84.99999999999999, 85),
        (0.1 + 0.2, Fraction(3, 10)),
        (0, 0),
        ("0.123", None),
        ("1234.567", None),
        ("1.23", None),
        ("12.34", None),
        ("01.234", None),
        ("1,234,567", None),
        ("1,", None),
        ("đang rà soát", None),
        ("%", None),
        ("\u0661", None),
        ("", None),
        (None, None),
        (True, None),
    ],
)
def test_read_cell_reads_vietnamese_numbers(cell, number):
    read = read_cell(cell)
    assert (read.value if read else None) == number


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("87,12 %", Number(Fraction("87.12"), is_percent=True)),
        ("88%", Number(Fraction(88), is_percent=True)),
        ("1,234", Number(Fraction("1.234"), only_mark=",")),
        ("1.234", Number(Fraction(1234), only_mark=".")),
        ("0,123", Number(Fraction("0.123"))),
        ("1.234,567", Number(Fraction("1234.567"))),
    ],
)
def test_read_cell_keeps_the_percent_sign_and_the_only_mark(cell, number):
    assert read_cell(cell) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12.5, Fraction(25, 2)),
        ("12.5", Fraction(25, 2)),
        ("1.234", Fraction("1.234")),
        (84.99999999999999, Fraction("84.99999999999999")),
        ("12,5", None),
        ("12.5%", None),
        ("1e3", None),
        (None, None),
        (True, None),
    ],
)
def test_read_wire_number_reads_a_decimal_point(value, number):
    assert read_wire_number(value) == number


def test_read_text_leaves_out_invisible_signs():
    assert read_text("\ufeffII.6\u20111\u00a0") == "II.6-1"
    assert is_blank("\u200b ")


def write_unit(unit: str, day: date = NEW_YEAR, **counts: object) -> Record:
    """A row of the e-office in which everything counts 1."""
    return {"MaDinhDanh": unit, "Ngay": day.isoformat()} | dict.fromkeys((*REQUIRED, *OTHERS), 1) | counts


@pytest.mark.parametrize(
    ("rows", "processed"),
    [
        ([write_unit(f"H58.{number}") for number in range(20)], 40),
        ([write_unit(f"H58.{number}", VanBanDi=None if number < 1 else 1) for number in range(20)], 38),
        ([write_unit(f"H58.{number}", VanBanDi=None if number < 2 else 1) for number in range(20)], None),
        ([write_unit(f"H58.{number}") for number in (*range(20), 3)], None),
    ],
    ids=["good", "5 % of its rows rejected", "10 % of its rows rejected", "a row twice"],
)
def test_eoffice_stops_an_answer_with_many_rejected_rows_or_a_repeated_row(rows, processed):
    value = EOffice([rows]).find("eoffice.processed_online", ROOT, 2024, NEW_YEAR)
    assert (value and value.numerator) == processed


def test_eoffice_keeps_earlier_rows_when_an_answer_is_stopped():
    eoffice = EOffice([[write_unit("H58.02")], [write_unit("H58.02", VanBanDi=2), write_unit("H58.03", VanBanDi="")]])
    value = eoffice.find("eoffice.sent_without_paper", ROOT, 2024, NEW_YEAR)
    assert (value.numerator, value.denominator) == (1, 1)


def test_compute_results_knows_a_set_without_members_from_an_incomplete_list(monkeypatch):
    """A province that keeps a commune when its districts end on 1 July 2025."""
    kept = Agency("H58.31.01", "Xã còn lại", "commune", NEW_YEAR, date.max)
    monkeypatch.setattr(province, "_read_agencies", lambda: (kept,))
    monkeypatch.setattr(province, "agencies_on", province.agencies_on.__wrapped__)
    monkeypatch.setattr("tests.oracle.plan.agencies_on", province.agencies_on)
    monkeypatch.setattr("tests.oracle.attainment.agencies_on", province.agencies_on)
    monkeypatch.setattr("tests.oracle.plan.members", members.__wrapped__)
    rows = compute_results({}, [JULY])
    statuses = {
        code: rows[ResultKey(JULY, 2024, code, "primary", ROOT)].status for code in ("II.2-2", "II.5-1", "PL.VI.4-1")
    }
    # huyen is empty; the list of don_vi_su_nghiep is incomplete; xa has one member.
    assert statuses == {"II.2-2": "not_applicable", "II.5-1": "no_data", "PL.VI.4-1": "no_data"}


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2024, 12, 31), "pending"),
        (date(2025, 4, 20), "pending"),  # the survey of 2025 is expected on 17 April 2026
    ],
)
def test_compute_results_leaves_a_survey_pending_until_its_day_of_publication(day, status):
    assert compute_results({}, [day])[ResultKey(day, 2024, "II.1.dd-2", "primary", ROOT)].status == status


def write_survey(numerator: object, denominator: object, code: str = "II.10-2", period: str = "2024-Q1") -> Record:
    """The province's row of the sheet ChiTieu, by default of the survey II.10-2."""
    headings = ("Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử số", "Mẫu số")
    return dict(zip(headings, (code, ROOT, period, numerator, denominator), strict=True))


def find_parts(*rows: Record, code: str = "II.10-2", has_comma_columns: bool = False) -> tuple[object, object] | None:
    """Both parts of the indicator on 30 June after a file of ``rows``; None without a value."""
    file = File(date(2024, 7, 1), "", {"ChiTieu": list(rows)}, has_comma_columns=has_comma_columns)
    value = Returns([file]).find(f"returns.{code}", ROOT, 2024, JUNE)
    return (value.numerator, value.denominator) if value else None


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        (write_survey("88%", 100), (88, 100)),
        (write_survey("88%", "100,0"), (88, 100)),
        (write_survey("88%", 120), None),
        (write_survey(88, "100%"), None),
        (write_survey(88.5, 100), (Fraction("88.5"), 100)),
        (write_survey("1,234", 100), (Fraction("1.234"), 100)),
        (write_survey(9, 10**9), (9, 10**9)),
        (write_survey(9, 10**9 + 1), None),
        (write_survey("\u200bII", 100), None),
        (write_survey(88, "\u200b"), None),
        (write_survey(88, 100, code="II.10\u20112"), (88, 100)),
    ],
)
def test_returns_read_a_survey_as_a_rate(row, parts):
    assert find_parts(row) == parts


@pytest.mark.parametrize(
    ("numerator", "denominator", "parts"),
    [
        ("1.234", "1.256", (1234, 1256)),
        (3.0, 6, (3, 6)),
        (2.5, 6, None),
        ("2,5", 6, None),
        ("1,234", 1256, None),
        (1234, "1,256", None),
        ("50%", 100, None),
        (50, "100%", None),
    ],
)
def test_returns_reject_fractions_and_percentages_of_counted_things(numerator, denominator, parts):
    assert find_parts(write_survey(numerator, denominator, code="II.6-1"), code="II.6-1") == parts


def test_returns_reject_the_only_mark_of_a_rate_in_a_file_with_comma_columns():
    assert find_parts(write_survey("1,234", 100), has_comma_columns=True) is None
    assert find_parts(write_survey("1.234", 10_000), has_comma_columns=True) is None
    assert find_parts(write_survey("1.234", 1256, code="II.6-1"), code="II.6-1", has_comma_columns=True) == (1234, 1256)


def test_returns_prefer_the_newest_file_then_the_later_change_then_the_greater_hash():
    changes = [datetime(2024, 7, 1, hour, tzinfo=UTC) for hour in (8, 9)]
    files = [
        File(date(2024, 7, day), sha, {"ChiTieu": [write_survey(number, 100)]}, changes[later])
        for number, (day, later, sha) in enumerate([(2, 0, "a"), (1, 1, "b"), (1, 1, "a"), (1, 0, "c")])
    ]
    found = []
    while files:
        found.append(Returns(files[::-1]).find("returns.II.10-2", ROOT, 2024, JUNE).numerator)
        files.pop(0)
    assert found == [0, 1, 2, 3]


def test_returns_reject_two_rows_whose_periods_end_on_one_day():
    quarter, month = write_survey(80, 100, period="2024-Q2"), write_survey(90, 100, period="2024-06")
    assert find_parts(quarter) == (80, 100)
    assert find_parts(quarter, month) is None
    assert find_parts(quarter, write_survey(90, 100, period="2024-05")) == (80, 100)


def test_returns_flag_a_share_above_its_whole():
    file = File(date(2024, 7, 1), "", {"ChiTieu": [write_survey(101, 100), write_survey(7, 5, code="II.8-2")]})
    returns = Returns([file])
    assert returns.find("returns.II.10-2", ROOT, 2024, JUNE).flags == {"numerator_over_denominator"}
    assert returns.find("returns.II.8-2", ROOT, 2024, JUNE).flags == set()


def write_payment(closed_on: date, effective_on: str, plan: object, paid: object, **changes: object) -> Record:
    """A row of the treasury, in millions of đồng."""
    return {
        "NienDo": 2024,
        "NgayKetSo": closed_on.isoformat(),
        "MaDuAn": "7400001",
        "MaNguonVon": "41",
        "LoaiKeHoach": "HDND",
        "NgayHieuLuc": effective_on,
        "KeHoachVon": plan,
        "KeHoachKeoDai": 0,
        "ThanhToanKLHT": paid,
        "TamUngChuaThuHoi": 0,
        "DonViTien": MILLION,
    } | changes


def find_payments(*answers: list[Record], closed_on: date = JUNE, is_file: bool = False) -> tuple[int, int] | None:
    """Paid and planned at a closing in millions after ``answers``; None without a value.

    The closing in March has 10 of 5000.
    """
    treasury = Treasury()
    treasury.accept([write_payment(MARCH, "2024-01-01", 5000, 10)])
    for answer in answers:
        treasury.accept(answer, is_file=is_file)
    value = treasury.find("treasury.council_plan_disbursement", ROOT, 2024, closed_on)
    return (value.numerator / MILLION, value.denominator / MILLION) if value.data_date == closed_on else None


FIRST, SECOND = "2024-01-01", "2024-05-01"


@pytest.mark.parametrize(
    ("rows", "paid_of"),
    [
        ([write_payment(JUNE, FIRST, 5000, 2000)], (2000, 5000)),
        ([write_payment(JUNE, FIRST, 0, 2000, KeHoachKeoDai=-1)], None),
        ([write_payment(JUNE, FIRST, 5000, 2000, KeHoachKeoDai=1)], None),
        ([write_payment(JUNE, FIRST, 5 * MILLION, 2000)], None),
        ([write_payment(JUNE, SECOND, 5 * MILLION, 2000)], None),  # no such version before: the newest
        ([write_payment(JUNE, FIRST, 5000, 6000)], None),  # 600 times 10, and more than the plan
        # 2000 and 4000 together are 600 times 10, and more than either plan.
        ([write_payment(JUNE, FIRST, 5000, 2000), write_payment(JUNE, SECOND, 5000, 4000)], None),
        ([write_payment(JUNE, FIRST, 5000, 0.01)], None),
        ([write_payment(JUNE, FIRST, 5000, 20), write_payment(JUNE, FIRST, 5000, 30)], None),
        ([write_payment(JUNE, "2021-01-01", 5000, 20)], None),
    ],
)
def test_treasury_rejects_unit_slips_and_rows_of_two_plans(rows, paid_of):
    assert find_payments(rows) == paid_of


def test_treasury_accepts_a_small_first_advance():
    """January's closing comes after March's and is compared with it: payments don't slip downwards."""
    january = date(2024, 1, 31)
    assert find_payments([write_payment(january, FIRST, 5000, 0.01)], closed_on=january) == (Fraction(1, 100), 5000)


def test_treasury_stops_an_answer_with_a_repeated_row_and_rejects_that_row_in_a_file():
    others = [write_payment(JUNE, FIRST, 5000, 20, MaDuAn=f"75{number:05}") for number in range(60)]
    twice = [write_payment(JUNE, FIRST, 5000, 20)] * 2
    assert find_payments([*others, *twice]) is None
    assert find_payments([*others, *twice], is_file=True) == (1200, 300_000)


def test_treasury_reads_vietnamese_amounts_in_a_file():
    rows = [write_payment(JUNE, FIRST, "5.000", "1.234,5")]
    assert find_payments(rows, is_file=True) == (Fraction("1234.5"), 5000)
    assert find_payments([write_payment(JUNE, FIRST, 5000, "12%")], is_file=True) is None


def test_treasury_replaces_all_rows_of_a_project_that_a_later_answer_names():
    """Effective dates and carried-over plans make no difference; another kind of plan stays."""
    first = [
        write_payment(JUNE, FIRST, 5000, 100),
        write_payment(JUNE, SECOND, 6000, 200),
        write_payment(JUNE, FIRST, 0, 50, KeHoachKeoDai=500),
        write_payment(JUNE, FIRST, 1000, 7, LoaiKeHoach="TTG"),
    ]
    treasury = Treasury()
    treasury.accept(first)
    assert treasury.find("treasury.council_plan_disbursement", ROOT, 2024, JUNE)[:2] == (307 * MILLION, 6000 * MILLION)
    treasury.accept([write_payment(JUNE, "2024-02-01", 5500, 250)])
    assert treasury.find("treasury.council_plan_disbursement", ROOT, 2024, JUNE)[:2] == (257 * MILLION, 5500 * MILLION)
    treasury.accept([write_payment(JUNE, FIRST, 0, 60, KeHoachKeoDai=500)])
    assert treasury.find("treasury.disbursement", ROOT, 2024, JUNE)[:2] == (7 * MILLION, 1000 * MILLION)
    assert treasury.find("treasury.council_plan_disbursement", ROOT, 2024, JUNE)[:2] == (7 * MILLION, 0)


@pytest.mark.parametrize(
    ("period", "end", "fresh_until"),
    [
        ("2024-Q1", date(2024, 3, 31), date(2024, 7, 20)),
        ("2024-Q4", date(2024, 12, 31), date(2025, 4, 20)),
        ("2024-02", date(2024, 2, 29), date(2024, 4, 20)),
        ("2024-12", date(2024, 12, 31), date(2025, 2, 20)),
        ("2024", date(2024, 12, 31), date(2026, 1, 20)),
    ],
)
def test_value_of_a_period_is_fresh_until_20_days_after_the_next_period(period, end, fresh_until):
    assert (end_period(period), end_freshness(period)) == (end, fresh_until)


@pytest.mark.parametrize(
    ("name", "day", "count"),
    [
        ("xa", date(2024, 4, 30), 172),
        ("xa", date(2024, 5, 1), 170),
        ("xa", date(2024, 11, 1), 164),
        ("huyen", date(2024, 12, 31), 11),
        ("huyen", date(2025, 7, 1), 0),
        ("co_quan_chuyen_mon", date(2024, 12, 31), 18),
        ("phong_tu_phap", date(2024, 12, 31), 11),
        ("co_quan_hanh_chinh", date(2024, 1, 1), 202),
    ],
)
def test_set_has_the_members_of_its_day(name, day, count):
    assert len(members(name, day)) == count


def test_plan_has_47_indicators_and_annex_53_tasks():
    primary = [variant for variant in read_variants() if variant.variant == "primary"]
    tasks, _ = read_tasks()
    assert len(primary) == 47
    assert [len([v for v in primary if v.source == name]) for name in ("returns", "eoffice", "treasury")] == [27, 3, 2]
    assert len(tasks) == 53
    assert len([task for task in tasks.values() if task.due_on]) == 11
