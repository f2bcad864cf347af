"""The attainment table for a terminal: the province's results of a day, their changes, and the open alerts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import psycopg

from cchc.messages import OneLine, read_messages
from cchc.presentation.formats_vi import format_beside, format_day, format_target
from cchc.presentation.labels import label
from cchc.warehouse.connection import run_file

MESSAGES = read_messages("attainment_table")

RIGHT_ALIGNED = {2, 3, 5}  # positions of the columns with numbers
MAX_FLAGS_WIDTH = 26  # a terminal of 130 columns holds the table; mart.indicator_attainment has all flags


def format_table(connection: psycopg.Connection, province: str, day: date) -> str:
    """The province's primary results of a day, as text."""
    rows = [tuple(MESSAGES.group("headings").values())]
    results = run_file(connection, "presentation/province_results.sql", {"province": province, "day": day})
    for code, name, value, comparator, target, status, gap, data_date, is_stale, flags in results:
        rows.append(
            (
                code,
                name,
                format_beside(value, target),
                format_target(comparator, target),
                status,
                format_beside(gap, Decimal(0)),
                str(data_date or "–"),
                _cut(" ".join([*(["stale"] if is_stale else []), *flags])),
            )
        )
    title = MESSAGES.format("title", province=province, day=format_day(day), count=len(rows) - 1)
    return f"\n{title}\n{_align(rows)}\n"


def format_changes(connection: psycopg.Connection, province: str, first: date, last: date) -> str:
    """The province's primary results that differ between two days, as text."""
    lines = ["", MESSAGES.format("changes", first=format_day(first), last=format_day(last))]
    parameters = {"province": province, "first": first, "last": last}
    changes = run_file(connection, "presentation/province_changes.sql", parameters).fetchall()
    for code, before, after, status_before, status_after in changes:
        values = f"{format_beside(before, after)} → {format_beside(after, before)}"
        statuses = f"   {status_before} → {status_after}" if status_before != status_after else ""
        lines.append(f"  {code:<11} {values}{statuses}")
    if not changes:
        lines.append(f"  {MESSAGES.format('none')}")
    return "\n".join([*lines, ""])


def format_alerts(connection: psycopg.Connection, province: str) -> str:
    """The number of open alerts of each kind, as text."""
    counts = run_file(connection, "presentation/open_alerts.sql", {"province": province}).fetchall()
    kinds = ", ".join(f"{count} {label(kind, 'alert_kinds')}" for kind, count in counts)
    return f"\n{MESSAGES.format('open_alerts', kinds=OneLine(kinds or MESSAGES.format('none')))}\n\n"


def _cut(flags: str) -> str:
    return flags if len(flags) <= MAX_FLAGS_WIDTH else f"{flags[: MAX_FLAGS_WIDTH - 1]}…"


def _align(rows: Sequence[tuple[str, ...]]) -> str:
    """The rows in columns as wide as their widest text, with a line below the headings."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        texts = [
            " " * (width - _width(text)) + text if at in RIGHT_ALIGNED else text + " " * (width - _width(text))
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(texts).rstrip())
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)


def _width(text: str) -> int:
    return len(unicodedata.normalize("NFC", text))
