"""Returns in core: every accepted row of every file is kept; which of them counts is no matter of loading."""

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
from tests.warehouse.staged_rows import Row, Telling, insert_rows, stage_rows

FIGURE: Row = {
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


def tell(reported_on: date, *rows: Row, content_sha256: str = "00", saved_at: int = 8) -> Telling:
    """A file of the night of ``reported_on``; ``saved_at``: the hour of its last change."""
    modified_at = datetime(2024, 4, 9, saved_at, tzinfo=UTC)
    return Telling("returns", reported_on, rows, content_sha256, modified_at=modified_at)


def publish(connection: psycopg.Connection, told: Telling) -> tuple[int, int]:
    """Stage, and publish by the SQL files alone; the rows that came into core, figures and reports."""
    response = {"load_id": told.load_id, "row_no": 1, "rows_received": len(told.rows), "repeated_rows": 0}
    insert_rows(
        connection, "staging.returns_response", [response | {"asked_to": told.reported_on, "province_code": "H58"}]
    )
    stage_rows(connection, "staging.returns_row", told.load_id, told.rows)
    verdicts = [
        {"load_id": told.load_id, "row_no": row_no, "rule_id": rule, "severity": severity}
        for row_no, (rule, severity) in told.verdicts.items()
    ]
    insert_rows(connection, "staging.rule_violation", verdicts)
    ledger = {
        "load_id": told.load_id, "source": "returns", "entity": "file", "window_start": told.reported_on,
        "window_end": told.reported_on, "data_date": told.reported_on, "content_sha256": told.content_sha256,
        "modified_at": told.modified_at, "status": "published", "run_id": "tonight",
        "started_at": "2024-01-01 00:00:00+00",
    }  # fmt: skip
    insert_rows(connection, "ops.load", [ledger])
    return run_publish(connection, ledger)


def run_publish(connection: psycopg.Connection, parameters: dict[str, Any]) -> tuple[int, int]:
    run_file(connection, "publish/ops.file_key.sql", {"period": "file"} | parameters)
    figures = run_file(connection, "publish/core.return_value.sql", parameters).rowcount
    reports = run_file(connection, "publish/core.task_report.sql", parameters).rowcount
    run_file(connection, "publish/dirty_date.returns.sql", parameters)
    return figures, reports


def query(connection: psycopg.Connection, statement: str) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode()).fetchall()


def test_accepted_rows_are_in_core_with_all_they_say(connection: psycopg.Connection) -> None:
    told = tell(date(2024, 4, 5), FIGURE, DONE, FIGURE | {"code": "II.3-2", "agency_code": "H58", "denominator": None})
    assert publish(connection, told) == (2, 1)
    assert query(
        connection,
        "select load_id, row_no, source, indicator_code, agency_code, period, period_start, period_end, numerator,"
        " denominator, evidence, note, quality_flags, reported_on, content_sha256 from core.return_value order by row_no",
    ) == [
        (
            told.load_id, row_no, "returns", code, agency, "2024-Q1", date(2024, 1, 1), date(2024, 3, 31), 1,
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
            told.load_id, 2, "returns", 2024, "PL.I.1", "H58.02", "done", date(2024, 2, 20), "KH-3", [],
            date(2024, 4, 5), "00",
        )
    ]  # fmt: skip


def test_refused_rows_stay_out_and_flags_travel_with_the_accepted(connection: psycopg.Connection) -> None:
    figures = [FIGURE | {"agency_code": f"H58.4{number}"} for number in range(3)]
    figures[2]["source_flags"] = ["unknown_field"]
    tasks = [TASK | {"agency_code": f"H58.0{number}"} for number in range(3)]
    verdicts = {
        1: ("not_yes_or_no", "warning"),
        3: ("no_evidence", "info"),
        4: ("unknown_agency", "warning"),
        5: ("no_evidence", "info"),
    }
    told = Telling("returns", date(2024, 4, 5), [*figures, *tasks], verdicts=verdicts)
    assert publish(connection, told) == (2, 2)
    assert query(connection, "select agency_code, quality_flags from core.return_value order by 1") == [
        ("H58.41", []),
        ("H58.42", ["no_evidence", "unknown_field"]),
    ]
    assert query(connection, "select agency_code, quality_flags from core.task_report order by 1") == [
        ("H58.01", ["no_evidence"]),
        ("H58.02", []),
    ]


def test_second_time_changes_nothing(connection: psycopg.Connection) -> None:
    told = tell(date(2024, 4, 5), FIGURE, TASK)
    assert publish(connection, told) == (1, 1)
    parameters = {
        "load_id": told.load_id, "source": "returns", "data_date": told.reported_on, "modified_at": told.modified_at,
        "content_sha256": told.content_sha256,
    }  # fmt: skip
    assert run_publish(connection, parameters) == (0, 0)


def test_correction_stands_beside_what_it_corrects(connection: psycopg.Connection) -> None:
    publish(connection, tell(date(2024, 4, 5), FIGURE, TASK))
    assert publish(connection, tell(date(2024, 4, 9), FIGURE | {"numerator": 0}, DONE)) == (1, 1)
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
        "of the year in which it is told",
        "of the year in which it is done",
        "of last year's plan, done last year",
        "of this year's plan alone, done before it began",
        "of a plan whose successor is not known yet",
    ],
)
def test_task_is_reported_to_the_plan(
    connection: psycopg.Connection, reported_on: date, row: Row, plan_year: int
) -> None:
    publish(connection, tell(reported_on, row))
    assert query(connection, "select plan_year from core.task_report") == [(plan_year,)]


@pytest.mark.parametrize(
    ("rows", "first_day"),
    [
        ([FIGURE, FIGURE | {"period": "2024-02", "period_end": date(2024, 2, 29)}], date(2024, 2, 29)),
        ([TASK], date(2024, 4, 5)),
        ([TASK, DONE | {"code": "PL.I.2"}], date(2024, 2, 20)),
        ([FIGURE, DONE], date(2024, 2, 20)),
        ([FIGURE, TASK], date(2024, 3, 31)),
    ],
    ids=["figures", "a status", "a completion", "a figure and a completion before it", "a figure and a status"],
)
def test_first_day_that_a_file_changes_is_touched(
    connection: psycopg.Connection, rows: list[Row], first_day: date
) -> None:
    told = tell(date(2024, 4, 5), *rows)
    publish(connection, told)
    assert query(connection, "select load_id, source, data_date from ops.dirty_date") == [
        (told.load_id, "returns", first_day)
    ]


def test_refused_file_touches_no_day(connection: psycopg.Connection) -> None:
    verdicts = {1: ("negative", "warning"), 2: ("unknown_agency", "warning")}
    publish(connection, Telling("returns", date(2024, 4, 5), [FIGURE, TASK], verdicts=verdicts))
    assert query(connection, "select data_date from ops.dirty_date") == []


def test_order_of_loading_makes_no_difference_to_what_counts(connection: psycopg.Connection) -> None:
    files = [
        tell(date(2024, 4, 5), FIGURE | {"numerator": 0}, TASK, content_sha256="ff"),
        tell(date(2024, 4, 9), FIGURE | {"numerator": 1}, DONE, content_sha256="aa"),
        tell(date(2024, 4, 9), FIGURE | {"numerator": 0}, TASK | {"status": "not_started"}, content_sha256="bb"),
    ]
    answers = []
    for order in permutations(files):
        with connection.transaction(force_rollback=True):
            for file in order:
                publish(connection, file)
            answers.append(read_what_counts(connection))
    assert answers == [answers[0]] * 6
    assert answers[0] == ([(0,)], [(date(2024, 4, 9), "not_started", None)])
    # And it does make one which file is the newest.
    publish(connection, replace(files[1], reported_on=date(2024, 4, 10)))
    publish(connection, files[2])
    assert read_what_counts(connection) == ([(1,)], [(date(2024, 4, 9), "done", date(2024, 2, 20))])


def test_of_one_night_the_file_saved_later_counts_though_its_hash_is_smaller(connection: psycopg.Connection) -> None:
    files = [
        tell(date(2024, 4, 9), FIGURE | {"numerator": 0}, TASK, content_sha256="ff", saved_at=9),
        tell(date(2024, 4, 9), FIGURE | {"numerator": 1}, DONE, content_sha256="aa", saved_at=10),
    ]
    for order in permutations(files):
        with connection.transaction(force_rollback=True):
            for file in order:
                publish(connection, file)
            assert read_what_counts(connection) == ([(1,)], [(date(2024, 4, 9), "done", date(2024, 2, 20))])


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_replaced_keys_are_those_of_one_day_with_the_newest_file_whatever_the_order_of_loading(
    connection: psycopg.Connection, order: tuple[int, ...]
) -> None:
    quarter = FIGURE | {"period": "2024-03", "period_start": date(2024, 3, 1)}  # it ends on the same day
    other = FIGURE | {"code": "II.2-3"}
    day, next_day = date(2024, 4, 9), date(2024, 4, 10)
    first, second, third, correction = files = [
        tell(day, FIGURE, other, TASK, content_sha256="cc", saved_at=8),
        tell(day, other, content_sha256="bb", saved_at=9),
        tell(day, quarter, TASK, content_sha256="aa", saved_at=10),
        tell(next_day, FIGURE, content_sha256="dd", saved_at=7),
    ]
    found: dict[Any, set[Any]] = {}
    for place in order:
        publish(connection, files[place])
        connection.execute("update ops.load set archive_uri = content_sha256 where archive_uri is null")
        rows = run_file(connection, "publish/replaced_keys.sql", {"load_ids": [files[place].load_id]}).fetchall()
        for load_id in {row[0] for row in rows}:  # what its receipt says now
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


def read_what_counts(connection: psycopg.Connection) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The figure measured at the end of its period, and the status on 9 April."""
    parameters = {
        "source": "returns", "province": "H58", "first_day": date(2024, 1, 1), "last_day": date.max,
        "allowed_delay_days": 20, "derived": "{}", "run_id": "tonight",
    }  # fmt: skip
    with connection.transaction(force_rollback=True):
        run_file(connection, "measures/returns.sql", parameters)
        figures = query(connection, "select value from new_measure where measure_code like '%.numerator'")
        day = date(2024, 4, 9)
        catalog: list[dict[str, str | None]] = [{"agency_code": "H58.02"}]
        fill_table(connection, "core.agency_catalog", catalog, {"province": "H58"})
        run_file(connection, "attainment/task_status.sql", parameters | {"first_day": day, "last_day": day})
        statuses = query(connection, "select as_of_date, status, done_on from mart.task_status")
    return figures, statuses
