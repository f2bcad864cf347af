"""The pages of docs/runbook.md, which messages to operators name. A page is a heading there and a member here."""

from __future__ import annotations

from enum import StrEnum

from cchc.alerts.model import Kind


class RunbookPage(StrEnum):
    """A page of docs/runbook.md by its heading."""

    SOURCE_REFUSES = "The source refuses us"
    SOURCE_UNAVAILABLE = "The source is unavailable"
    UNUSABLE_ANSWER = "The answer can't be used"
    WRONG_CONNECTION = "The connection is set wrongly"
    LOAD_STOPPED = "A load is stopped"
    TOO_MANY_REJECTED = "too_many_rejected"
    FILE_REJECTED = "A file was rejected"
    ROWS_REJECTED = "Rows of a file were rejected"
    FILE_NOT_LOADED = "A file isn't loaded"
    FILE_COUNTED_WRONGLY = "A file counts that shouldn't"
    SOURCE_LATE = "A source is late"
    QUARANTINE_GROWS = "Quarantine grows"
    UNREGISTERED_AGENCIES = "Unregistered agencies"
    CATALOG_MISTAKE = "The catalog has a mistake"
    ATTAINMENT_WITHOUT_SOURCE = "The attainment ran at 06:00 without a source"
    NOTHING_RAN = "Nothing ran today"
    WRONG_DAY_COMPUTED = "A day was computed that shouldn't be"
    RUN_LATE = "A run is late"
    RUN_FAILED = "A run failed"
    SOURCES_DISAGREE = "Two measures of one value disagree"
    DISK_UNWRITABLE = "A disk can't be written"
    MESSAGE_UNDELIVERED = "A message can't be delivered"
    DEMONSTRATION_MIXED = "A demonstration and real data meet"
    PORT_TAKEN = "A port is taken"
    DATABASE_WONT_START = "The database won't start"
    RUN_KILLED = "A run was killed"


# Kinds whose facts name no page.
PAGES: dict[Kind, RunbookPage] = {"reconciliation": RunbookPage.SOURCES_DISAGREE}
