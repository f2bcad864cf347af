"""core.office_unit_day by publish/core.office_unit_day.sql: days reported again, corrected, out of order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import psycopg
import pytest

from cchc.warehouse.connection import run_file
from tests.conftest import Warehouse
from tests.warehouse.staged_rows import Report, Row, publish_report

MONDAY = date(2024, 6, 3)
COUNTS = {
    "received": 20, "sent": 10, "sent_without_paper": 6, "sent_with_paper": 3, "sent_on_paper": 1,
    "processed_online": 25, "work_files": 5, "work_files_online": 4,
}  # fmt: skip


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url()) as opened:
        yield opened


def unit(agency_code: str = "H58.01", day: date = MONDAY, **changes: Any) -> Row:
    """A good row."""
    return {"agency_code": agency_code, "day": day, **COUNTS, **changes}


def report(reported_on: int, *rows: Row, content_sha256: str = "00", **violations: tuple[str, str]) -> Report:
    """A report on a day of June; ``row_2=("negative_count", "warning")`` is a rule violation of its second row."""
    by_number = {int(row.removeprefix("row_")): violation for row, violation in violations.items()}
    return Report("eoffice", date(2024, 6, reported_on), rows, content_sha256, by_number)


def publish(connection: psycopg.Connection, reported: Report) -> int:
    return publish_report(connection, reported, "staging.eoffice_unit_day", "core.office_unit_day", "eoffice")


def query(connection: psycopg.Connection, statement: str) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode()).fetchall()


def read_dirty_dates(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Load and first day of each, in the order of loading."""
    return query(connection, "select load_id, data_date from ops.dirty_date order by dirty_date_id")


def test_core_has_accepted_rows_with_all_columns(connection: psycopg.Connection) -> None:
    reported = report(4, unit(agency_name="Sở Nội vụ", received_electronic=15, received_digitised=5, secret=7))
    assert publish(connection, reported) == 1
    assert query(
        connection,
        "select source, agency_code, day, agency_name, received, received_electronic, received_digitised, sent,"
        " sent_without_paper, sent_with_paper, sent_on_paper, secret, processed_online, work_files, work_files_online,"
        " quality_flags, reported_on, content_sha256, load_id from core.office_unit_day",
    ) == [
        (
            "eoffice", "H58.01", MONDAY, "Sở Nội vụ", 20, 15, 5, 10, 6, 3, 1, 7, 25, 5, 4, [], date(2024, 6, 4), "00",
            reported.load_id,
        )
    ]  # fmt: skip


def test_core_has_no_rejected_rows_and_the_flags_of_accepted_rows(connection: psycopg.Connection) -> None:
    rows = [unit("H58.01"), unit("H58.02", sent=-1), unit("H58.03", source_flags=["unknown_field"]), unit("H58.04")]
    violations = {
        "row_2": ("negative_count", "warning"),
        "row_3": ("sent_parts_differ", "info"),
        "row_4": ("wrong_envelope_code", "critical"),
    }
    assert publish(connection, report(4, *rows, **violations)) == 2
    assert query(connection, "select agency_code, quality_flags from core.office_unit_day order by 1") == [
        ("H58.01", []),
        ("H58.03", ["sent_parts_differ", "unknown_field"]),
    ]


def test_correction_replaces_the_earlier_report_and_makes_its_day_dirty(connection: psycopg.Connection) -> None:
    late = MONDAY - timedelta(days=45)
    first = report(4, unit(), unit(day=late))
    correction = report(5, unit(), unit(day=late, sent=11), content_sha256="01")
    assert publish(connection, first) == 2
    assert publish(connection, correction) == 1
    assert query(connection, "select day, sent, load_id from core.office_unit_day order by day") == [
        (late, 11, correction.load_id),
        (MONDAY, 10, first.load_id),
    ]
    assert read_dirty_dates(connection) == [(first.load_id, late), (correction.load_id, late)]


def test_dirty_date_is_the_first_day_that_changed(connection: psycopg.Connection) -> None:
    days = [MONDAY - timedelta(days=n) for n in (2, 1, 0)]
    publish(connection, report(4, *(unit(day=day) for day in days)))
    correction = report(5, unit(day=days[0]), unit(day=days[1], sent=11), unit(day=days[2], sent=12))
    assert publish(connection, correction) == 2
    assert read_dirty_dates(connection)[1:] == [(correction.load_id, days[1])]


def test_changed_flag_counts_as_change(connection: psycopg.Connection) -> None:
    publish(connection, report(4, unit()))
    assert publish(connection, report(5, unit(), row_1=("coerced", "info"))) == 1
    assert query(connection, "select quality_flags from core.office_unit_day") == [(["coerced"],)]


def test_unchanged_days_reported_again_change_nothing_and_make_no_dirty_date(connection: psycopg.Connection) -> None:
    first, again = report(4, unit(), unit("H58.02")), report(5, unit(), unit("H58.02"))
    publish(connection, first)
    assert publish(connection, again) == 0
    assert read_dirty_dates(connection) == [(first.load_id, MONDAY)]
    assert query(connection, "select distinct load_id, reported_on from core.office_unit_day") == [
        (first.load_id, again.reported_on)
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_newest_report_wins_in_any_order_of_loading(connection: psycopg.Connection, order: tuple[int, ...]) -> None:
    reports = [
        report(4, unit(sent=10)),
        report(6, unit(sent=11), unit("H58.02"), content_sha256="0a"),
        report(6, unit(sent=12), content_sha256="0b"),  # on one day, the greater hash
        report(5, unit(sent=13), content_sha256="ff"),
    ]
    for place in order:
        publish(connection, reports[place])
    assert query(connection, "select agency_code, sent, reported_on, content_sha256, load_id from core.office_unit_day"
                             " order by 1") == [
        ("H58.01", 12, date(2024, 6, 6), "0b", reports[2].load_id),
        ("H58.02", 10, date(2024, 6, 6), "0a", reports[1].load_id),
    ]  # fmt: skip


def test_unchanged_later_report_wins_over_one_between(connection: psycopg.Connection) -> None:
    publish(connection, report(4, unit(sent=10)))
    publish(connection, report(6, unit(sent=10)))
    assert publish(connection, report(5, unit(sent=13))) == 0
    assert query(connection, "select sent from core.office_unit_day") == [(10,)]


def test_measures_come_from_published_rows(connection: psycopg.Connection) -> None:
    publish(connection, report(4, unit("H58.01", secret=100), unit("H58.02", sent=20, sent_without_paper=2)))
    newest = report(5, unit("H58.02", sent=20, sent_without_paper=12), content_sha256="01")
    publish(connection, newest)
    parameters = {
        "source": "eoffice", "province": "H58", "first_day": MONDAY, "last_day": date.max, "allowed_delay_days": 3,
    }  # fmt: skip
    run_file(connection, "measures/eoffice.sql", parameters)
    run_file(connection, "measures/merge.sql", parameters)
    assert query(
        connection,
        "select measure_code, value, fresh_until, is_increment, load_id from mart.measure where agency_code = 'H58'"
        " order by 1",
    ) == [
        (f"eoffice.{code}", value, date(2024, 6, 6), True, newest.load_id)
        for code, value in (
            ("processed_online.denominator", 20 + 10 + 5 + 20 + 20 + 5),
            ("processed_online.numerator", 25 + 4 + 25 + 4),
            ("sent_electronically.denominator", 10 + 20),
            ("sent_electronically.numerator", 6 + 3 + 12 + 3),
            ("sent_without_paper.denominator", 10 + 20),
            ("sent_without_paper.numerator", 6 + 12),
        )
    ]
