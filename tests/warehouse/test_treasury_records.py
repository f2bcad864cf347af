"""The treasury's closings in core, and what investors, projects and the province then show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import psycopg
import pytest

from cchc.warehouse.connection import run_file
from tests.conftest import Warehouse
from tests.warehouse.staged_rows import Row, Telling, insert_rows, publish_telling

JUNE = date(2024, 6, 30)
MILLION = 10**6
PAID = "treasury.disbursement.numerator"


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url()) as opened:
        yield opened


def line(project_code: str = "7000001", closed_on: date = JUNE, unit: int = MILLION, **changes: Any) -> Row:
    """A good row in triệu đồng: 5 000 planned, 1 500 paid and 250 advanced."""
    return {
        "budget_year": 2024, "closed_on": closed_on, "project_code": project_code, "fund_code": "100",
        "plan_kind": "TTG", "effective_on": date(2024, 1, 1), "plan": 5000, "carried_over": 0, "completed": 1500,
        "advance": 250, "unit_vnd": unit, **changes,
    }  # fmt: skip


def tell(told_on: date, *rows: Row, content_sha256: str = "00", **verdicts: tuple[str, str]) -> Telling:
    """What the treasury told that night; ``row_2=("unit_slip", "warning")`` is the audit's word."""
    judged = {int(row.removeprefix("row_")): verdict for row, verdict in verdicts.items()}
    return Telling("treasury", told_on, rows, content_sha256, judged)


def publish(connection: psycopg.Connection, told: Telling) -> int:
    return publish_telling(connection, told, "staging.treasury_row", "core.disbursement", "treasury")


def measure(connection: psycopg.Connection, first_day: date = date(2024, 1, 1)) -> None:
    parameters = {
        "source": "treasury", "province": "H58", "first_day": first_day, "last_day": date.max, "allowed_delay_days": 3,
    }  # fmt: skip
    run_file(connection, "measures/treasury.sql", parameters)
    run_file(connection, "measures/store.sql", parameters)


def query(connection: psycopg.Connection, statement: str) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode()).fetchall()


def read_touched(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """The days touched, in the order of loading."""
    return query(connection, "select load_id, day from ops.touched_days order by touched_id")


def test_accepted_rows_are_in_core_in_dong_with_all_they_say(connection: psycopg.Connection) -> None:
    row = line(
        project_name="Cầu",
        investor_code="1057",
        investor_name="Ban QLDA",
        decision_no="01/QĐ",
        completed=Decimal("0.5"),
    )
    told = tell(JUNE, row)
    assert publish(connection, told) == 1
    assert query(
        connection,
        "select source, budget_year, closed_on, project_code, fund_code, plan_kind, is_carried_over, effective_on,"
        " decision_no, project_name, investor_code, investor_name, plan_vnd, carried_over_vnd, completed_vnd,"
        " advance_vnd, received_unit_vnd, quality_flags, told_on, content_sha256, load_id from core.disbursement",
    ) == [
        (
            "treasury", 2024, JUNE, "7000001", "100", "TTG", False, date(2024, 1, 1), "01/QĐ", "Cầu", "1057",
            "Ban QLDA", 5000 * MILLION, 0, 500_000, 250 * MILLION, MILLION, [], JUNE, "00", told.load_id,
        )
    ]  # fmt: skip


def test_refused_rows_stay_out_and_flags_travel_with_the_accepted(connection: psycopg.Connection) -> None:
    rows = [line(), line("7000002", completed=9000), line("0000000"), line("7000004", plan_kind=None)]
    verdicts = {
        "row_2": ("paid_over_plan", "info"),
        "row_3": ("no_project", "warning"),
        "row_4": ("unknown_plan_kind", "warning"),
    }
    assert publish(connection, tell(JUNE, *rows, **verdicts)) == 2
    assert query(connection, "select project_code, quality_flags from core.disbursement order by 1") == [
        ("7000001", []),
        ("7000002", ["paid_over_plan"]),
    ]


def test_file_in_trieu_after_one_in_dong_says_the_same(connection: psycopg.Connection) -> None:
    amounts = {"plan": 5000 * MILLION, "completed": 1_500_500_000, "advance": 250 * MILLION}
    publish(connection, tell(JUNE, line(unit=1, **amounts)))
    in_dong = query(connection, "select plan_vnd::text, completed_vnd::text from core.disbursement")
    in_trieu = tell(date(2024, 7, 1), line(completed=Decimal("1500.500")), content_sha256="01")
    assert publish(connection, in_trieu) == 1
    assert query(connection, "select plan_vnd::text, completed_vnd::text from core.disbursement") == in_dong
    assert query(connection, "select received_unit_vnd, load_id from core.disbursement") == [
        (MILLION, in_trieu.load_id)
    ]


def test_closing_told_again_the_same_changes_and_touches_nothing(connection: psycopg.Connection) -> None:
    first = tell(JUNE, line(), line("7000002"))
    publish(connection, first)
    assert publish(connection, tell(date(2024, 7, 1), line(), line("7000002"), content_sha256="01")) == 0
    assert read_touched(connection) == [(first.load_id, JUNE)]


def test_first_closing_that_changed_is_touched(connection: psycopg.Connection) -> None:
    may = date(2024, 5, 31)
    publish(connection, tell(JUNE, line(closed_on=may), line(), line("7000002")))
    corrected = tell(date(2024, 7, 1), line(closed_on=may), line(advance=0), line("7000002"), content_sha256="01")
    assert publish(connection, corrected) == 1
    assert read_touched(connection)[1:] == [(corrected.load_id, JUNE)]


def test_own_and_carried_over_capital_of_one_project_are_two_rows(connection: psycopg.Connection) -> None:
    assert publish(connection, tell(JUNE, line(), line(plan=0, carried_over=800, completed=90, advance=0))) == 2
    assert query(
        connection, "select is_carried_over, plan_vnd, carried_over_vnd from core.disbursement order by 1"
    ) == [
        (False, 5000 * MILLION, 0),
        (True, 0, 800 * MILLION),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_what_was_told_last_of_a_closing_holds_whatever_the_order_of_loading(
    connection: psycopg.Connection, order: tuple[int, ...]
) -> None:
    tellings = [
        tell(date(2024, 7, 1), line(completed=1)),
        tell(date(2024, 7, 3), line(completed=2), line("7000002"), content_sha256="0a"),
        tell(date(2024, 7, 3), line(completed=3), content_sha256="0b"),  # of one night: the greater hash
        tell(date(2024, 7, 2), line(completed=4), content_sha256="ff"),
    ]
    for place in order:
        publish(connection, tellings[place])
    assert query(connection, "select project_code, completed_vnd, load_id from core.disbursement order by 1") == [
        ("7000001", 3 * MILLION, tellings[2].load_id),
        ("7000002", 1500 * MILLION, tellings[1].load_id),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_plan_in_force_does_not_depend_on_which_closing_was_loaded_first(
    connection: psycopg.Connection, order: tuple[int, ...]
) -> None:
    may, july = date(2024, 5, 31), date(2024, 7, 31)
    revised = {"effective_on": date(2024, 7, 1), "plan": 7000}
    tellings = [
        tell(may, line(closed_on=may)),
        tell(JUNE, line(), line(completed=0, advance=0, **revised)),  # told before it takes effect
        tell(july, line(closed_on=july, completed=2000)),  # and not told again
    ]
    for place in order:
        publish(connection, tellings[place])
        measure(connection)
    assert query(
        connection,
        "select day, value from mart.measure where measure_code = 'treasury.disbursement.denominator' order by 1",
    ) == [(may, 5000 * MILLION), (JUNE, 5000 * MILLION), (july, 7000 * MILLION)]


def test_figure_that_lacks_refused_rows_says_so_until_they_come(connection: psycopg.Connection) -> None:
    told = tell(JUNE, line(), line("7000002", unit=7), row_2=("unknown_unit", "warning"))
    publish(connection, told)
    refused = {
        "load_id": told.load_id, "row_no": 2, "source": "treasury", "entity": "rows", "row_key": "7000002",
        "payload": "{}", "rules": ["unknown_unit"],
    }  # fmt: skip
    insert_rows(connection, "ops.quarantine", [refused])
    flags = f"select value, quality_flags from mart.measure where measure_code = '{PAID}'"
    measure(connection)
    assert query(connection, flags) == [(1750 * MILLION, ["rows_rejected"])]
    publish(connection, tell(date(2024, 7, 1), line("7000002"), content_sha256="01"))
    connection.execute("update ops.quarantine set resolved_at = clock_timestamp()")
    measure(connection)
    assert query(connection, flags) == [(2 * 1750 * MILLION, [])]


def test_view_for_analysts_and_measure_say_the_same(connection: psycopg.Connection) -> None:
    rows = [
        line(),
        line(completed=300, advance=0, plan=9000, effective_on=date(2024, 6, 1)),
        line("7000002", plan=100, effective_on=date(2024, 7, 1)),
        line("7000003", plan_kind="HDND"),
        line("7000003", plan=0, carried_over=77),
    ]
    publish(connection, tell(JUNE, *rows))
    measure(connection)
    shown = query(connection, "select sum(paid_vnd), sum(plan_vnd) from mart.disbursement where plan_kind = 'TTG'")
    assert shown == [((1750 + 300 + 1750) * MILLION, 9000 * MILLION)]
    assert (
        query(
            connection,
            "select max(value) filter (where measure_code like '%numerator'),"
            " max(value) filter (where measure_code like '%denominator')"
            " from mart.measure where measure_code like 'treasury.disbursement.%'",
        )
        == shown
    )
