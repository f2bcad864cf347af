"""What is said of a run at its end: what isn't published and why, by the tasks and by the ledger."""

from __future__ import annotations

from datetime import date

from cchc.sources.window import Window
from cchc.warehouse.run_outcomes import MAX_REASONS, NO_REASON, RecordedOutcome, describe_failures, summarize_run

DAY = date(2024, 2, 5)
YEAR = Window("transparency", "year", date(2024, 1, 1), date(2024, 12, 31))
MONTH = Window("transparency", "month", date(2024, 1, 1), date(2024, 1, 31))
FILE = Window("return", "file", DAY, DAY, key="ab" * 32, origin="file:///srv/inbox/H58.40/bc.xlsx")


def record(window: Window, status: str, error: str | None = None, data_date: date | None = None) -> RecordedOutcome:
    end = max(window.start, min(window.end, data_date or DAY))
    return RecordedOutcome(window.entity, window.start, end, data_date, window.key or None, status, error)


def test_missing_window_has_the_reason_of_its_own_row() -> None:
    outcomes = [record(YEAR, "failed", "HTTP 503"), record(MONTH, "failed", "no room")]
    judged = summarize_run([YEAR, MONTH, FILE], {FILE.name}, outcomes, DAY)
    assert judged.missing == {"transparency.2024": "HTTP 503", "transparency.2024-01": "no room"}
    assert describe_failures(judged) == (
        "2 of 3 windows not published: transparency.2024 (HTTP 503); transparency.2024-01 (no room). The others are."
    )


def test_window_that_the_ledger_has_published_is_not_missing_though_its_task_failed() -> None:
    """Its snapshot describes another day than that of the run."""
    outcomes = [record(YEAR, "published", data_date=date(2024, 2, 4))]
    judged = summarize_run([YEAR, MONTH], (), outcomes, DAY)
    assert judged.missing == {"transparency.2024-01": NO_REASON}


def test_stopped_answer_is_missing_and_a_stopped_file_is_not() -> None:
    outcomes = [record(YEAR, "stopped", "stopped by row_count"), record(FILE, "stopped", "locked", DAY)]
    judged = summarize_run([YEAR, FILE], (), outcomes, DAY)
    assert judged.missing == {"transparency.2024": "stopped by row_count"}
    assert judged.flawed == {}


def test_file_whose_report_could_not_be_written_is_accounted_for() -> None:
    reason = "bc.xlsx: its rejection report can't be written"
    judged = summarize_run([FILE], (), [record(FILE, "stopped", "locked"), record(FILE, "failed", reason)], DAY)
    assert (judged.missing, judged.flawed) == ({}, {"bc.xlsx": reason})
    assert describe_failures(judged) == f"Accounted for, but: {reason}."


def test_where_all_is_well_nothing_is_said() -> None:
    earlier_try = [record(YEAR, "failed", "HTTP 503"), record(YEAR, "published")]
    assert describe_failures(summarize_run([YEAR], {YEAR.name}, earlier_try, DAY)) == ""


def test_only_some_reasons_are_told() -> None:
    files = [Window("return", "file", DAY, DAY, key=f"{number:064}") for number in range(MAX_REASONS + 3)]
    told = describe_failures(summarize_run(files, (), (), DAY))
    assert told.startswith(f"{MAX_REASONS + 3} of {MAX_REASONS + 3} windows not published: ")
    assert told.endswith("; and 3 more.")
    assert told.count(NO_REASON) == MAX_REASONS
