"""The attainment table for a terminal: the province's rows of a day, and what changed between two."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

from cchc.alerts.notification.rendering import FOLDER
from cchc.alerts.notification.wording import load_wording
from cchc.presentation.formats_vi import format_beside, format_target

HEADINGS = ("Mã", "Chỉ tiêu", "Giá trị", "Mục tiêu", "Kết quả", "Chênh lệch", "Ngày số liệu", "Cờ")
RIGHT = {2, 3, 5}
FLAGS_WIDTH = 26  # so that a terminal of 130 columns holds the table; mart.indicator_attainment has them all

ROWS = """
select
    a.indicator_code, i.short_name_vi, a.value, a.comparator, a.target, a.status, a.gap, a.data_date,
    a.is_stale, a.quality_flags
from mart.indicator_attainment as a
inner join mart.indicator as i
    on i.province_code = a.agency_code and i.plan_year = a.plan_year and i.indicator_code = a.indicator_code
    and i.variant = a.variant and i.valid_from <= a.as_of_date and coalesce(i.valid_to > a.as_of_date, true)
where a.agency_code = %s and a.as_of_date = %s and a.variant = 'primary'
order by i.ordinal
"""
CHANGES = """
select b.indicator_code, a.value, b.value, a.status, b.status
from mart.indicator_attainment as a
inner join mart.indicator_attainment as b using (agency_code, plan_year, indicator_code, variant)
where a.agency_code = %s and a.as_of_date = %s and b.as_of_date = %s and a.variant = 'primary'
and (a.value, a.status) is distinct from (b.value, b.status)
order by b.indicator_code
"""


def format_table(connection: psycopg.Connection, province: str, day: date) -> str:
    """The province's primary rows of a day, as text."""
    rows = [HEADINGS]
    for code, name, value, comparator, target, status, gap, data_date, is_stale, flags in connection.execute(
        ROWS, [province, day]
    ):
        told = [*(["stale"] if is_stale else []), *flags]
        rows.append(
            (
                code,
                name,
                format_beside(value, target),
                format_target(comparator, target),
                status,
                format_beside(gap, Decimal(0)),
                str(data_date or "–"),
                _cut(" ".join(told)),
            )
        )
    title = f"\nMức độ hoàn thành kế hoạch CCHC của {province}, ngày {day:%d/%m/%Y}: {len(rows) - 1} chỉ tiêu"
    return f"{title}\n{_align(rows)}\n"


def _cut(flags: str) -> str:
    return flags if len(flags) <= FLAGS_WIDTH else f"{flags[: FLAGS_WIDTH - 1]}…"


def format_changes(connection: psycopg.Connection, province: str, first: date, last: date) -> str:
    """What changed for the province from one day to another, as text."""
    lines = [f"\nThay đổi từ {first:%d/%m/%Y} đến {last:%d/%m/%Y}:"]
    for code, before, after, status_before, status_after in connection.execute(CHANGES, [province, first, last]):
        moved = f"{format_beside(before, after)} → {format_beside(after, before)}"
        turned = f"   {status_before} → {status_after}" if status_before != status_after else ""
        lines.append(f"  {code:<11} {moved}{turned}")
    return "\n".join(lines if len(lines) > 1 else [*lines, "  không có"]) + "\n"


def format_alerts(connection: psycopg.Connection, province: str) -> str:
    """How many alerts of each kind are open, as text."""
    kinds = load_wording(FOLDER / "wording_vi.yaml").kinds
    rows = connection.execute(
        "select kind, count(*) from ops.alert where province_code = %s and status <> 'resolved' group by kind"
        " order by count(*) desc, kind",
        [province],
    ).fetchall()
    open_kinds = ", ".join(f"{count} {kinds[kind]}" for kind, count in rows)
    return f"\nCảnh báo đang mở: {open_kinds or 'không có'}\n\n"


def _align(rows: list[tuple[Any, ...]]) -> str:
    widths = [max(_width(str(row[column])) for row in rows) for column in range(len(HEADINGS))]
    lines = []
    for row in rows:
        cells = [
            " " * (width - _width(cell)) + cell if column in RIGHT else cell + " " * (width - _width(cell))
            for column, (cell, width) in enumerate(zip(map(str, row), widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)


def _width(text: str) -> int:
    return len(unicodedata.normalize("NFC", text))
