"""core.return_value and core.task_report by their publish files: every accepted row of every file is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import psycopg
import pytest

from cchc.warehouse.connection import run_file
from tests.conftest import Warehouse
from tests.sql.test_cases import fill_table
from tests.warehouse.staged_rows import Report, Row, insert_rows, stage_rows

VALUE: Row = {
    "sheet": "ChiTieu", "code": "II.2-2", "agency_code": "H58.40", "period": "2024-Q1",
    "period_start": date(2024, 1, 1), "period_end": date(2024, 3, 31), "numerator": 1, "denominator": 1,
    "evidence": "BC-12", "note": "đợt 1",
}  # fmt: skip
TASK: Row = {"sheet": "NhiemVu", "code": "PL.I.1", "agency_code": "H58.02", "status": "in_progress", "evidence": "KH-3"}
DONE: Row = TASK | {"status": "done", "done_on": date(2024, 2, 20)}


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url()) as opened:
        tasks: list[dict[str, str | None]] = [
            {"plan_year": "2023", "task_code": "PL.I.1"},
            {"plan_year": "2024", "task_code": "PL.I.1"},
            {"plan_year": "2024", "task_code": "PL.I.2"},
        ]
        fill_table(opened, "mart.task", tasks, {"province": "H58", "source": "returns"})
        yield opened


def report(reported_on: date, *rows: Row, content_sha256: str = "00", saved_at: int = 8) -> Report:
    """A file of the run for ``reported_on``; ``saved_at``: the hour of its last change."""
    modified_at = datetime(2024, 4, 9, saved_at, tzinfo=UTC)
    return Report("returns", reported_on, rows, content_sha256, modified_at=modified_at)


def publish(connection: psycopg.Connection, reported: Report) -> tuple[int, int]:
    """Stage, and publish by the SQL files alone; how many values and task reports came into core."""
    response = {"load_id": reported.load_id, "row_no": 1, "received_rows": len(reported.rows), "repeated_rows": 0}
    insert_rows(
        connection, "staging.returns_response", [response | {"asked_to": reported.reported_on, "province_code": "H58"}]
    )
    stage_rows(connection, "staging.returns_row", reported.load_id, reported.rows)
    violations = [
        {"load_id": reported.load_id, "row_no": row_no, "rule_id": rule, "severity": severity}
        for row_no, (rule, severity) in reported.violations.items()
    ]
    insert_rows(connection, "staging.rule_violation", violations)
    ledger = {
        "load_id": reported.load_id, "source": "returns", "entity": "file", "window_start": reported.reported_on,
        "window_end": reported.reported_on, "data_date": reported.reported_on,
        "content_sha256": reported.content_sha256, "modified_at": reported.modified_at, "status": "published",
        "run_id": "test", "started_at": "2024-01-01 00:00:00+00",
    }  # fmt: skip
    insert_rows(connection, "ops.load", [ledger])
    return run_publish(connection, ledger)


def run_publish(connection: psycopg.Connection, parameters: dict[str, Any]) -> tuple[int, int]:
    run_file(connection, "publish/ops.file_key.sql", {"is_file": True} | parameters)
    values = run_file(connection, "publish/core.return_value.sql", parameters).rowcount
    reports = run_file(connection, "publish/core.task_report.sql", parameters).rowcount
    run_file(connection, "publish/dirty_date.returns.sql", parameters)
    return values, reports


def query(connection: psycopg.Connection, statement: str) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode()).fetchall()


def test_core_has_accepted_rows_with_all_columns(connection: psycopg.Connection) -> None:
    reported = report(
        date(2024, 4, 5), VALUE, DONE, VALUE | {"code": "II.3-2", "agency_code": "H58", "denominator": None}
    )
    assert publish(connection, reported) == (2, 1)
    assert query(
        connection,
        "select load_id, row_no, source, indicator_code, agency_code, period, period_start, period_end, numerator,"
        " denominator, evidence, note, quality_flags, reported_on, content_sha256 from core.return_value"
        " order by row_no",
    ) == [
        (
            reported.load_id, row_no, "returns", code, agency, "2024-Q1", date(2024, 1, 1), date(2024, 3, 31), 1,
            denominator, "BC-12", "đợt 1", [], date(2024, 4, 5), "00",
        )
        for row_no, code, agency, denominator in [(1, "II.2-2", "H58.40", 1), (3, "II.3-2", "H58", None)]
    ]  # fmt: skip
    assert query(
        connection,
        "select load_id, row_no, source, plan_year, task_code, agency_code, status, done_on, evidence, quality_flags,"
        " reported_on, content_sha256 from core.task_report",
    ) == [
        (
            reported.load_id, 2, "returns", 2024, "PL.I.1", "H58.02", "done", date(2024, 2, 20), "KH-3", [],
            date(2024, 4, 5), "00",
        )
    ]  # fmt: skip


def test_core_has_no_rejected_rows_and_the_flags_of_accepted_rows(connection: psycopg.Connection) -> None:
    values = [VALUE | {"agency_code": f"H58.4{number}"} for number in range(3)]
    values[2]["source_flags"] = ["unknown_field"]
    tasks = [TASK | {"agency_code": f"H58.0{number}"} for number in range(3)]
    violations = {
        1: ("not_yes_or_no", "warning"),
        3: ("no_evidence", "info"),
        4: ("unknown_agency", "warning"),
        5: ("no_evidence", "info"),
    }
    reported = Report("returns", date(2024, 4, 5), [*values, *tasks], violations=violations)
    assert publish(connection, reported) == (2, 2)
    assert query(connection, "select agency_code, quality_flags from core.return_value order by 1") == [
        ("H58.41", []),
        ("H58.42", ["no_evidence", "unknown_field"]),
    ]
    assert query(connection, "select agency_code, quality_flags from core.task_report order by 1") == [
        ("H58.01", ["no_evidence"]),
        ("H58.02", []),
    ]


def test_publish_again_changes_nothing(connection: psycopg.Connection) -> None:
    reported = report(date(2024, 4, 5), VALUE, TASK)
    assert publish(connection, reported) == (1, 1)
    parameters = {
        "load_id": reported.load_id, "source": "returns", "data_date": reported.reported_on,
        "modified_at": reported.modified_at, "content_sha256": reported.content_sha256,
    }  # fmt: skip
    assert run_publish(connection, parameters) == (0, 0)


def test_correction_stands_beside_what_it_corrects(connection: psycopg.Connection) -> None:
    publish(connection, report(date(2024, 4, 5), VALUE, TASK))
    assert publish(connection, report(date(2024, 4, 9), VALUE | {"numerator": 0}, DONE)) == (1, 1)
    assert query(connection, "select reported_on, numerator from core.return_value order by 1") == [
        (date(2024, 4, 5), 1),
        (date(2024, 4, 9), 0),
    ]
    assert query(connection, "select reported_on, status from core.task_report order by 1") == [
        (date(2024, 4, 5), "in_progress"),
        (date(2024, 4, 9), "done"),
    ]


@pytest.mark.parametrize(
    ("reported_on", "row", "plan_year"),
    [
        (date(2024, 1, 10), TASK, 2024),
        (date(2024, 1, 10), DONE | {"done_on": date(2024, 1, 9)}, 2024),
        (date(2024, 1, 10), DONE | {"done_on": date(2023, 12, 20)}, 2023),
        (date(2024, 1, 10), DONE | {"code": "PL.I.2", "done_on": date(2023, 12, 20)}, 2024),
        (date(2025, 1, 10), DONE | {"done_on": date(2024, 12, 20)}, 2024),
    ],
    ids=[
        "of the year in which it is reported",
        "of the year in which it is done",
        "of last year's plan, done last year",
        "of this year's plan alone, done before it began",
        "of a plan whose successor is not known yet",
    ],
)
def test_task_is_reported_to_the_plan(
    connection: psycopg.Connection, reported_on: date, row: Row, plan_year: int
) -> None:
    publish(connection, report(reported_on, row))
    assert query(connection, "select plan_year from core.task_report") == [(plan_year,)]


@pytest.mark.parametrize(
    ("rows", "first_day"),
    [
        ([VALUE, VALUE | {"period": "2024-02", "period_end": date(2024, 2, 29)}], date(2024, 2, 29)),
        ([TASK], date(2024, 4, 5)),
        ([TASK, DONE | {"code": "PL.I.2"}], date(2024, 2, 20)),
        ([VALUE, DONE], date(2024, 2, 20)),
        ([VALUE, TASK], date(2024, 3, 31)),
    ],
    ids=["values", "a status", "a completion", "a value and a completion before it", "a value and a status"],
)
def test_dirty_date_is_the_first_day_that_a_file_changes(
    connection: psycopg.Connection, rows: list[Row], first_day: date
) -> None:
    reported = report(date(2024, 4, 5), *rows)
    publish(connection, reported)
    assert query(connection, "select load_id, source, data_date from ops.dirty_date") == [
        (reported.load_id, "returns", first_day)
    ]


def test_file_with_rejected_rows_only_makes_no_dirty_date(connection: psycopg.Connection) -> None:
    violations = {1: ("negative", "warning"), 2: ("unknown_agency", "warning")}
    publish(connection, Report("returns", date(2024, 4, 5), [VALUE, TASK], violations=violations))
    assert query(connection, "select data_date from ops.dirty_date") == []


def test_order_of_loading_makes_no_difference_to_measures_and_statuses(connection: psycopg.Connection) -> None:
    files = [
        report(date(2024, 4, 5), VALUE | {"numerator": 0}, TASK, content_sha256="ff"),
        report(date(2024, 4, 9), VALUE | {"numerator": 1}, DONE, content_sha256="aa"),
        report(date(2024, 4, 9), VALUE | {"numerator": 0}, TASK | {"status": "not_started"}, content_sha256="bb"),
    ]
    answers = []
    for order in permutations(files):
        with connection.transaction(force_rollback=True):
            for file in order:
                publish(connection, file)
            answers.append(read_measures_and_statuses(connection))
    assert answers == [answers[0]] * 6
    assert answers[0] == ([(0,)], [(date(2024, 4, 9), "not_started", None)])
    # The newest file makes a difference.
    publish(connection, replace(files[1], reported_on=date(2024, 4, 10)))
    publish(connection, files[2])
    assert read_measures_and_statuses(connection) == ([(1,)], [(date(2024, 4, 9), "done", date(2024, 2, 20))])


def test_file_saved_later_on_one_day_wins_over_a_greater_hash(connection: psycopg.Connection) -> None:
    files = [
        report(date(2024, 4, 9), VALUE | {"numerator": 0}, TASK, content_sha256="ff", saved_at=9),
        report(date(2024, 4, 9), VALUE | {"numerator": 1}, DONE, content_sha256="aa", saved_at=10),
    ]
    for order in permutations(files):
        with connection.transaction(force_rollback=True):
            for file in order:
                publish(connection, file)
            assert read_measures_and_statuses(connection) == ([(1,)], [(date(2024, 4, 9), "done", date(2024, 2, 20))])


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_replaced_keys_are_those_of_one_day_with_the_newest_file_in_any_order_of_loading(
    connection: psycopg.Connection, order: tuple[int, ...]
) -> None:
    quarter = VALUE | {"period": "2024-03", "period_start": date(2024, 3, 1)}  # it ends on the same day
    other = VALUE | {"code": "II.2-3"}
    day, next_day = date(2024, 4, 9), date(2024, 4, 10)
    first, second, third, correction = files = [
        report(day, VALUE, other, TASK, content_sha256="cc", saved_at=8),
        report(day, other, content_sha256="bb", saved_at=9),
        report(day, quarter, TASK, content_sha256="aa", saved_at=10),
        report(next_day, VALUE, content_sha256="dd", saved_at=7),
    ]
    found: dict[Any, set[Any]] = {}
    for place in order:
        publish(connection, files[place])
        connection.execute("update ops.load set archive_uri = content_sha256 where archive_uri is null")
        rows = run_file(connection, "publish/replaced_keys.sql", {"load_ids": [files[place].load_id]}).fetchall()
        for load_id in {row[0] for row in rows}:  # the content of its receipt
            found[load_id] = {(newer, key) for other_id, _, newer, key in rows if other_id == load_id}
    expected = {
        first.load_id: {
            ("bb", "II.2-3 H58.40 2024-03-31"),
            ("aa", "II.2-2 H58.40 2024-03-31"),
            ("aa", "PL.I.1 H58.02"),
        }
    }
    assert found == expected
    assert {second.load_id, third.load_id, correction.load_id}.isdisjoint(found)


def read_measures_and_statuses(connection: psycopg.Connection) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The measure at the end of its period, and the status on 9 April."""
    parameters = {
        "source": "returns", "province": "H58", "first_day": date(2024, 1, 1), "last_day": date.max,
        "allowed_delay_days": 20, "derived": "{}", "run_id": "test",
    }  # fmt: skip
    with connection.transaction(force_rollback=True):
        run_file(connection, "measures/returns.sql", parameters)
        values = query(connection, "select value from new_measure where measure_code like '%.numerator'")
        day = date(2024, 4, 9)
        catalog: list[dict[str, str | None]] = [{"agency_code": "H58.02"}]
        fill_table(connection, "core.agency_catalog", catalog, {"province": "H58"})
        run_file(connection, "attainment/task_status.sql", parameters | {"first_day": day, "last_day": day})
        statuses = query(connection, "select as_of_date, status, done_on from mart.task_status")
    return values, statuses
