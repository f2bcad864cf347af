"""Filing of rejection reports and receipts: each lies beside the file that was sent, in its sender's folder.

The content of reports is made in spreadsheets/rejection_report.py and presentation/receipt.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from cchc.sources.inbox_store import InboxStore
from cchc.sources.rule_fields import read_rule_fields
from cchc.spreadsheets.rejection_report import REPORTS_FOLDER, Reasons, Report, SentFile, make_rejection_reports
from cchc.spreadsheets.table import Wanted

SUITES = ("returns_row", "treasury_row")  # suites of the rows that files hold


def file_report(inbox: InboxStore, file: SentFile, report: Report) -> str:
    """Write a report into REPORTS_FOLDER beside the file; returns its address. Raises OSError."""
    folder = file.name.rpartition("/")[0]
    return inbox.write(f"{folder}/{REPORTS_FOLDER}" if folder else REPORTS_FOLDER, report.name, report.content)


def file_rejection_reports(
    inbox: InboxStore, file: SentFile, wanted: Wanted, reasons: Reasons, stop_rules: Iterable[str]
) -> list[str]:
    """Write the rejection reports on a file beside it; returns their addresses. A repetition writes the same files."""
    rule_fields: dict[str, list[str]] = {}
    for suite in SUITES:
        for rule, fields in read_rule_fields(suite).items():
            rule_fields.setdefault(rule, []).extend(fields)
    reports = make_rejection_reports(file, wanted, reasons, stop_rules, rule_fields)
    return [file_report(inbox, file, report) for report in reports]
