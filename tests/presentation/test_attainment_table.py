"""The attainment table of `make run`: results, changes and open alerts as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from cchc.presentation.attainment_table import format_alerts, format_changes, format_table
from tests.conftest import Warehouse

FIRST, LAST = date(2024, 6, 29), date(2024, 6, 30)
INDICATOR = """
insert into mart.indicator (
    province_code, plan_year, indicator_code, variant, valid_from, ordinal, clause, wording_vi, name_vi, short_name_vi,
    unit_vi, counts, comparator, target, is_aspirational, judged, closes_on, is_share, is_target_reported, source,
    metric, reported_for, roll_up, period, levels, lead_agency_vi, legal_basis_vi
) values (
    'H58', 2024, %(code)s, 'primary', '2024-01-01', %(ordinal)s, 'II.1', 'Lời văn', 'Tên', %(name)s,
    '%%', 'whole', '>=', 90, false, 'as_reported', '2024-12-31', true, false, 'returns',
    'returns.x', 'agencies', 'own', 'year_to_date', '{province}', 'Văn phòng', 'Quyết định'
)
"""
RESULT = """
insert into mart.indicator_attainment (
    as_of_date, plan_year, figure_year, indicator_code, variant, agency_code, comparator, target, value, status, gap,
    data_date, is_stale, quality_flags, run_id, computed_at
) values (
    %(day)s, 2024, 2024, %(code)s, 'primary', 'H58', '>=', 90, %(value)s::numeric, %(status)s, %(value)s::numeric - 90,
    %(day)s, %(is_stale)s, %(flags)s, 'run', now()
)
"""


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """A warehouse with three indicators: one falls just below its target, one keeps its value, one has no data."""
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        for ordinal, (code, name) in enumerate([("II.1.a-1", "Đúng hạn"), ("II.6-1", "Số hóa"), ("II.8-1", "Chỉ số")]):
            connection.execute(INDICATOR, {"code": code, "name": name, "ordinal": ordinal})
        flags = ["sources_differ", "children_differ", "partial"]
        for day, code, value, status, is_stale, found in [
            (FIRST, "II.1.a-1", "90.5", "attained", False, []),
            (LAST, "II.1.a-1", "89.996", "missed", False, []),
            (FIRST, "II.6-1", "95", "attained", True, flags),
            (LAST, "II.6-1", "95", "attained", True, flags),
            (LAST, "II.8-1", None, "no_data", False, []),
        ]:
            values = {"day": day, "code": code, "value": value, "status": status, "is_stale": is_stale, "flags": found}
            connection.execute(RESULT, values)
        yield connection


def test_table_has_the_results_of_a_day_in_the_order_of_the_plan(connection: psycopg.Connection) -> None:
    assert format_table(connection, "H58", LAST) == (
        "\nMức độ hoàn thành kế hoạch CCHC của H58, ngày 30/06/2024: 3 chỉ tiêu\n"
        "Mã        Chỉ tiêu  Giá trị  Mục tiêu  Kết quả   Chênh lệch  Ngày số liệu  Cờ\n"
        "────────  ────────  ───────  ────────  ────────  ──────────  ────────────  ──────────────────────────\n"
        "II.1.a-1  Đúng hạn   89,996      ≥ 90  missed        −0,004  2024-06-30\n"
        "II.6-1    Số hóa      95,00      ≥ 90  attained        5,00  2024-06-30    stale sources_differ chil…\n"
        "II.8-1    Chỉ số          –      ≥ 90  no_data            –  2024-06-30\n"
    )


def test_changes_are_the_results_that_differ(connection: psycopg.Connection) -> None:
    assert format_changes(connection, "H58", FIRST, LAST) == (
        "\nThay đổi từ 29/06/2024 đến 30/06/2024:\n  II.1.a-1    90,50 → 90,00   attained → missed\n"
    )
    assert format_changes(connection, "H58", LAST, LAST) == "\nThay đổi từ 30/06/2024 đến 30/06/2024:\n  không có\n"


def test_alerts_without_an_open_one_are_none(connection: psycopg.Connection) -> None:
    assert format_alerts(connection, "H58") == "\nCảnh báo đang mở: không có\n\n"
