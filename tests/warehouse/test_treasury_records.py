"""core.disbursement by publish/core.disbursement.sql, and the measures of the treasury that follow from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.warehouse.connection import run_file
from tests.conftest import Warehouse
from tests.warehouse.staged_rows import Report, Row, insert_rows, publish_report

JUNE = date(2024, 6, 30)
MILLION = 10**6
PAID = "treasury.disbursement.numerator"
PARTS = (PAID, "treasury.disbursement.denominator")
# The oldest and the newest PostgreSQL that is promised.
EITHER_SERVER = pytest.mark.parametrize("cluster", [16, 18], indirect=True)
ALL_MEASURES = "select day, measure_code, value, load_id, quality_flags from mart.measure order by 1, 2"


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


def report(
    reported_on: date, *rows: Row, content_sha256: str = "00", saved_at: int = 8, **violations: tuple[str, str]
) -> Report:
    """A report of the treasury; ``row_2=("unit_slip", "warning")`` is a rule violation of its second row.

    ``saved_at``: the hour of its file.
    """
    by_number = {int(row.removeprefix("row_")): violation for row, violation in violations.items()}
    modified_at = datetime(2024, 7, 1, saved_at, tzinfo=UTC)
    return Report("treasury", reported_on, rows, content_sha256, by_number, modified_at)


def publish(connection: psycopg.Connection, reported: Report) -> int:
    return publish_report(connection, reported, "staging.treasury_row", "core.disbursement", "treasury")


def measure(connection: psycopg.Connection, first_day: date = date(2024, 1, 1)) -> None:
    parameters = {
        "source": "treasury", "province": "H58", "first_day": first_day, "last_day": date.max, "allowed_delay_days": 3,
    }  # fmt: skip
    run_file(connection, "measures/treasury.sql", parameters)
    run_file(connection, "measures/merge.sql", parameters)


def query(connection: psycopg.Connection, statement: str) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode()).fetchall()


def read_dirty_dates(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Load and first day of each, in the order of loading."""
    return query(connection, "select load_id, data_date from ops.dirty_date order by dirty_date_id")


def test_core_has_accepted_rows_in_dong_with_all_columns(connection: psycopg.Connection) -> None:
    row = line(
        project_name="Cầu",
        investor_code="1057",
        investor_name="Ban QLDA",
        decision_no="01/QĐ",
        completed=Decimal("0.5"),
    )
    reported = report(JUNE, row)
    assert publish(connection, reported) == 1
    assert query(
        connection,
        "select source, budget_year, closed_on, project_code, fund_code, plan_kind, is_carried_over, effective_on,"
        " decision_no, project_name, investor_code, investor_name, plan_vnd, carried_over_vnd, completed_vnd,"
        " advance_vnd, received_unit_vnd, quality_flags, reported_on, content_sha256, load_id from core.disbursement",
    ) == [
        (
            "treasury", 2024, JUNE, "7000001", "100", "TTG", False, date(2024, 1, 1), "01/QĐ", "Cầu", "1057",
            "Ban QLDA", 5000 * MILLION, 0, 500_000, 250 * MILLION, MILLION, [], JUNE, "00", reported.load_id,
        )
    ]  # fmt: skip


def test_core_has_no_rejected_rows_and_the_flags_of_accepted_rows(connection: psycopg.Connection) -> None:
    rows = [line(), line("7000002", completed=9000), line("0000000"), line("7000004", plan_kind=None)]
    violations = {
        "row_2": ("paid_over_plan", "info"),
        "row_3": ("no_project", "warning"),
        "row_4": ("unknown_plan_kind", "warning"),
    }
    assert publish(connection, report(JUNE, *rows, **violations)) == 2
    assert query(connection, "select project_code, quality_flags from core.disbursement order by 1") == [
        ("7000001", []),
        ("7000002", ["paid_over_plan"]),
    ]


def test_file_in_trieu_gives_the_same_amounts_as_one_in_dong(connection: psycopg.Connection) -> None:
    amounts = {"plan": 5000 * MILLION, "completed": 1_500_500_000, "advance": 250 * MILLION}
    publish(connection, report(JUNE, line(unit=1, **amounts)))
    in_dong = query(connection, "select plan_vnd::text, completed_vnd::text from core.disbursement")
    in_trieu = report(date(2024, 7, 1), line(completed=Decimal("1500.500")), content_sha256="01")
    assert publish(connection, in_trieu) == 1
    assert query(connection, "select plan_vnd::text, completed_vnd::text from core.disbursement") == in_dong
    assert query(connection, "select received_unit_vnd, load_id from core.disbursement") == [
        (MILLION, in_trieu.load_id)
    ]


def test_unchanged_closing_reported_again_changes_nothing_and_makes_no_dirty_date(
    connection: psycopg.Connection,
) -> None:
    first = report(JUNE, line(), line("7000002"))
    publish(connection, first)
    assert publish(connection, report(date(2024, 7, 1), line(), line("7000002"), content_sha256="01")) == 0
    assert read_dirty_dates(connection) == [(first.load_id, JUNE)]


def test_dirty_date_is_the_first_closing_that_changed(connection: psycopg.Connection) -> None:
    may = date(2024, 5, 31)
    publish(connection, report(JUNE, line(closed_on=may), line(), line("7000002")))
    corrected = report(date(2024, 7, 1), line(closed_on=may), line(advance=0), line("7000002"), content_sha256="01")
    assert publish(connection, corrected) == 1
    assert read_dirty_dates(connection)[1:] == [(corrected.load_id, JUNE)]


def test_own_and_carried_over_capital_of_one_project_are_two_rows(connection: psycopg.Connection) -> None:
    assert publish(connection, report(JUNE, line(), line(plan=0, carried_over=800, completed=90, advance=0))) == 2
    assert query(
        connection, "select is_carried_over, plan_vnd, carried_over_vnd from core.disbursement order by 1"
    ) == [
        (False, 5000 * MILLION, 0),
        (True, 0, 800 * MILLION),
    ]


@EITHER_SERVER
def test_corrected_closing_replaces_the_rows_of_its_keys_though_their_effective_dates_change(
    connection: psycopg.Connection,
) -> None:
    wrong = line(plan=50, completed=25, advance=0, effective_on=date(2024, 1, 1))
    right = line(plan=50, completed=25, advance=0, effective_on=date(2024, 2, 1))
    other = line("7000002", plan=50, completed=Decimal("30.5"), advance=0)
    publish(connection, report(JUNE, wrong, other))
    corrected = report(date(2024, 7, 1), right, content_sha256="01")
    assert publish(connection, corrected) == 2  # one row made, one removed
    measure(connection)
    paid, plan = (query(connection, f"select value from mart.measure where measure_code = '{code}'") for code in PARTS)
    assert (paid, plan) == ([(Decimal("55.5") * MILLION,)], [(100 * MILLION,)])  # not 80.5
    shown = query(connection, "select project_code, effective_on, paid_vnd from mart.disbursement order by 1")
    assert shown == [
        ("7000001", date(2024, 2, 1), 25 * MILLION),
        ("7000002", date(2024, 1, 1), Decimal("30.5") * MILLION),
    ]


def test_corrected_key_loses_its_carried_over_capital_and_no_other_key_does(connection: psycopg.Connection) -> None:
    carried_over = {"plan": 0, "carried_over": 800, "completed": 90, "advance": 0}
    others = [line(fund_code="200", **carried_over), line(plan_kind="HDND", **carried_over)]
    publish(connection, report(JUNE, line(), line(**carried_over), *others, line(closed_on=date(2024, 5, 31))))
    publish(connection, report(date(2024, 7, 1), line(), content_sha256="01"))
    left = "select closed_on, fund_code, plan_kind, is_carried_over from core.disbursement order by 1, 2, 3"
    assert query(connection, left) == [
        (date(2024, 5, 31), "100", "TTG", False),
        (JUNE, "100", "HDND", True),
        (JUNE, "100", "TTG", False),
        (JUNE, "200", "TTG", True),
    ]


def test_key_that_only_loses_a_row_counts_as_changed_and_makes_its_closing_dirty(
    connection: psycopg.Connection,
) -> None:
    may, revised = date(2024, 5, 31), {"plan": 9000, "effective_on": date(2024, 6, 1)}
    first = report(JUNE, line(closed_on=may), line(), line(completed=0, advance=0, **revised))
    publish(connection, first)
    corrected = report(date(2024, 7, 1), line(closed_on=may), line(), content_sha256="01")
    assert publish(connection, corrected) == 1
    assert query(connection, "select distinct load_id from core.disbursement") == [(first.load_id,)]
    assert read_dirty_dates(connection)[1:] == [(corrected.load_id, JUNE)]


def test_key_with_rejected_rows_only_keeps_its_earlier_rows(connection: psycopg.Connection) -> None:
    publish(connection, report(JUNE, line(), line("7000002")))
    worse = [line(completed=2000), line("7000002", unit=7, effective_on=date(2024, 2, 1))]
    publish(connection, report(date(2024, 7, 1), *worse, content_sha256="01", row_2=("unknown_unit", "warning")))
    assert query(connection, "select project_code, completed_vnd from core.disbursement order by 1") == [
        ("7000001", 2000 * MILLION),
        ("7000002", 1500 * MILLION),
    ]


def test_file_saved_later_on_one_day_wins_over_a_greater_hash(connection: psycopg.Connection) -> None:
    later = report(JUNE, line(completed=2), content_sha256="0a", saved_at=10)
    for reported in (later, report(JUNE, line(completed=1), content_sha256="ff", saved_at=9)):
        publish(connection, reported)
    assert query(connection, "select completed_vnd, load_id from core.disbursement") == [(2 * MILLION, later.load_id)]


# Reports of one closing: keys, effective dates and carried-over flags come and go from one to the next.
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["7000001", "7000002"]),
        st.sampled_from(["TTG", "HDND"]),
        st.sampled_from([date(2024, 1, 1), date(2024, 3, 1), date(2024, 9, 1)]),
        st.booleans(),
        st.integers(1, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row[:4],
)
REPORTS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(8, 9), st.sampled_from(["0a", "0b", "ff"]), ROWS),
    min_size=2,
    max_size=4,
    unique_by=lambda report: (report[0], report[2]),
)


@EITHER_SERVER
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=REPORTS, data=st.data())
def test_corrections_end_the_same_in_any_order_of_loading(
    connection: psycopg.Connection, reports: list[Any], data: st.DataObject
) -> None:
    expected: dict[Any, dict[Any, Any]] = {}
    reports = []
    for day, hour, digest, rows in sorted(reports):
        named: dict[Any, dict[Any, Any]] = {}
        rejected: dict[str, tuple[str, str]] = {}
        lines = []
        for number, (project, kind, effective_on, is_carried_over, completed, is_good) in enumerate(rows, 1):
            own = {"plan": 0, "carried_over": 10} if is_carried_over else {"plan": 10}
            lines.append(
                line(project, plan_kind=kind, effective_on=effective_on, completed=completed, advance=0, **own)
            )
            if is_good:
                named.setdefault((project, kind), {})[is_carried_over, effective_on] = completed * MILLION
            else:
                rejected[f"row_{number}"] = ("negative", "warning")
        expected |= named
        reports.append(report(date(2024, 7, day), *lines, content_sha256=digest, saved_at=hour, **rejected))
    with connection.transaction(force_rollback=True):
        for reported in data.draw(st.permutations(reports)):
            publish(connection, reported)
            days = query(connection, f"select data_date from ops.dirty_date where load_id = '{reported.load_id}'")
            if days:  # without a dirty date nothing is computed again
                measure(connection, days[0][0])
        rows_of_core = query(
            connection,
            "select project_code, plan_kind, is_carried_over, effective_on, completed_vnd from core.disbursement",
        )
        step_by_step = query(connection, ALL_MEASURES)
        connection.execute("delete from mart.measure")
        measure(connection)
        at_once = query(connection, ALL_MEASURES)
    found: dict[Any, dict[Any, Any]] = {}
    for project, kind, is_carried_over, effective_on, completed in rows_of_core:
        found.setdefault((project, kind), {})[is_carried_over, effective_on] = completed
    assert found == expected
    assert step_by_step == at_once


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_newest_report_of_a_closing_wins_in_any_order_of_loading(
    connection: psycopg.Connection, order: tuple[int, ...]
) -> None:
    reports = [
        report(date(2024, 7, 1), line(completed=1)),
        report(date(2024, 7, 3), line(completed=2), line("7000002"), content_sha256="0a"),
        report(date(2024, 7, 3), line(completed=3), content_sha256="0b"),  # on one day, the greater hash
        report(date(2024, 7, 2), line(completed=4), content_sha256="ff"),
    ]
    for place in order:
        publish(connection, reports[place])
    assert query(connection, "select project_code, completed_vnd, load_id from core.disbursement order by 1") == [
        ("7000001", 3 * MILLION, reports[2].load_id),
        ("7000002", 1500 * MILLION, reports[1].load_id),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_plan_in_force_does_not_depend_on_which_closing_was_loaded_first(
    connection: psycopg.Connection, order: tuple[int, ...]
) -> None:
    may, july = date(2024, 5, 31), date(2024, 7, 31)
    revised = {"effective_on": date(2024, 7, 1), "plan": 7000}
    reports = [
        report(may, line(closed_on=may)),
        report(JUNE, line(), line(completed=0, advance=0, **revised)),  # reported before it takes effect
        report(july, line(closed_on=july, completed=2000)),  # and not reported again
    ]
    for place in order:
        publish(connection, reports[place])
        measure(connection)
    assert query(
        connection,
        "select day, value from mart.measure where measure_code = 'treasury.disbursement.denominator' order by 1",
    ) == [(may, 5000 * MILLION), (JUNE, 5000 * MILLION), (july, 7000 * MILLION)]


def test_measure_without_rejected_rows_is_flagged_until_they_come(connection: psycopg.Connection) -> None:
    reported = report(JUNE, line(), line("7000002", unit=7), row_2=("unknown_unit", "warning"))
    publish(connection, reported)
    rejected = {
        "load_id": reported.load_id, "row_no": 2, "source": "treasury", "entity": "rows", "row_key": "7000002",
        "payload": "{}", "rules": ["unknown_unit"],
    }  # fmt: skip
    insert_rows(connection, "ops.quarantine", [rejected])
    flags = f"select value, quality_flags from mart.measure where measure_code = '{PAID}'"
    measure(connection)
    assert query(connection, flags) == [(1750 * MILLION, ["rows_rejected"])]
    publish(connection, report(date(2024, 7, 1), line("7000002"), content_sha256="01"))
    connection.execute("update ops.quarantine set resolved_at = clock_timestamp()")
    measure(connection)
    assert query(connection, flags) == [(2 * 1750 * MILLION, [])]


def quarantine(connection: psycopg.Connection, reported: Report, row_no: int) -> None:
    """Put a row of a report into quarantine."""
    payload = {"budget_year": 2024, "closed_on": "2024-06-30", "project_code": "7000001", "fund_code": "100"}
    row = {
        "load_id": reported.load_id, "row_no": row_no, "source": "treasury", "entity": "rows", "row_key": f"{row_no}",
        "payload": json.dumps(payload | {"plan_kind": "TTG"}), "rules": ["negative"],
    }  # fmt: skip
    insert_rows(connection, "ops.quarantine", [row])


def test_measure_is_flagged_where_only_its_newest_report_lacks_a_row(
    connection: psycopg.Connection,
) -> None:
    publish(connection, report(JUNE, line(), line("7000002")))
    measure(connection)
    lacking = report(
        date(2024, 7, 1),
        line(effective_on=date(2024, 2, 1)),
        line(),
        content_sha256="01",
        row_1=("negative", "warning"),
    )
    publish(connection, lacking)
    quarantine(connection, lacking, 1)
    assert read_dirty_dates(connection)[1:] == [(lacking.load_id, JUNE)]
    measure(connection, JUNE)
    flags = f"select quality_flags from mart.measure where measure_code = '{PAID}'"
    assert query(connection, flags) == [(["rows_rejected"],)]
    whole = report(date(2024, 7, 2), line(), content_sha256="02")
    publish(connection, whole)  # the same again, and all of it
    assert read_dirty_dates(connection)[2:] == [(whole.load_id, JUNE)]
    measure(connection, JUNE)
    assert query(connection, flags) == [([],)]
    assert query(connection, "select resolved_by_load_id from ops.quarantine") == [(whole.load_id,)]


def test_view_for_analysts_and_measure_agree(connection: psycopg.Connection) -> None:
    rows = [
        line(),
        line(completed=300, advance=0, plan=9000, effective_on=date(2024, 6, 1)),
        line("7000002", plan=100, effective_on=date(2024, 7, 1)),
        line("7000003", plan_kind="HDND"),
        line("7000003", plan=0, carried_over=77),
    ]
    publish(connection, report(JUNE, *rows))
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
