"""summarize_run and describe_failures: the missing and flawed windows of a run, by its tasks and the ledger."""

from __future__ import annotations

from datetime import date

from cchc.sources.window import FileScope, LoadScope, Window
from cchc.warehouse.run_outcomes import MAX_REASONS, NO_REASON, RecordedOutcome, describe_failures, summarize_run

DAY = date(2024, 2, 5)
YEAR = Window("transparency", "year", date(2024, 1, 1), date(2024, 12, 31))
MONTH = Window("transparency", "month", date(2024, 1, 1), date(2024, 1, 31))
FILE = FileScope("return", "ab" * 32, DAY, "file:///srv/inbox/H58.40/bc.xlsx")


def record(window: LoadScope, status: str, error: str | None = None, data_date: date | None = None) -> RecordedOutcome:
    end = max(window.start, min(window.end, data_date or DAY))
    return RecordedOutcome(window.entity, window.start, end, data_date, window.key or None, status, error)


def test_missing_window_has_the_reason_of_its_own_ledger_row() -> None:
    outcomes = [record(YEAR, "failed", "HTTP 503"), record(MONTH, "failed", "no room")]
    outcome = summarize_run([YEAR, MONTH, FILE], {FILE.name}, outcomes, DAY)
    assert outcome.missing == {"transparency.2024": "HTTP 503", "transparency.2024-01": "no room"}
    assert describe_failures(outcome) == (
        "2 of 3 windows not published: transparency.2024 (HTTP 503); transparency.2024-01 (no room). The others are."
    )


def test_window_published_in_the_ledger_is_not_missing_though_its_task_failed() -> None:
    """Its snapshot describes another day than that of the run."""
    outcomes = [record(YEAR, "published", data_date=date(2024, 2, 4))]
    outcome = summarize_run([YEAR, MONTH], (), outcomes, DAY)
    assert outcome.missing == {"transparency.2024-01": NO_REASON}


def test_stopped_answer_is_missing_and_a_stopped_file_is_not() -> None:
    outcomes = [record(YEAR, "stopped", "stopped by row_count"), record(FILE, "stopped", "locked", DAY)]
    outcome = summarize_run([YEAR, FILE], (), outcomes, DAY)
    assert outcome.missing == {"transparency.2024": "stopped by row_count"}
    assert outcome.flawed == {}


def test_file_without_its_rejection_report_is_flawed() -> None:
    reason = "bc.xlsx: its rejection report can't be written"
    outcome = summarize_run([FILE], (), [record(FILE, "stopped", "locked"), record(FILE, "failed", reason)], DAY)
    assert (outcome.missing, outcome.flawed) == ({}, {"bc.xlsx": reason})
    assert describe_failures(outcome) == f"Accounted for, but: {reason}."


def test_published_windows_need_no_sentence() -> None:
    earlier_try = [record(YEAR, "failed", "HTTP 503"), record(YEAR, "published")]
    assert describe_failures(summarize_run([YEAR], {YEAR.name}, earlier_try, DAY)) == ""


def test_sentences_name_the_first_reasons_only() -> None:
    files = [FileScope("return", f"{number:064}", DAY) for number in range(MAX_REASONS + 3)]
    text = describe_failures(summarize_run(files, (), (), DAY))
    assert text.startswith(f"{MAX_REASONS + 3} of {MAX_REASONS + 3} windows not published: ")
    assert text.endswith("; and 3 more.")
    assert text.count(NO_REASON) == MAX_REASONS
