"""The quality page of a night: one HTML file without anything from the network, readable on an offline intranet."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row

from cchc.presentation.templates import open_templates

MAX_ROWS = 200
STATUSES = {"published": "đã công bố", "stopped": "bị chặn", "failed": "không lấy được"}
SEVERITIES = {"critical": "nghiêm trọng", "warning": "cảnh báo", "info": "thông tin"}

# The night's loads: those of this run, and those that describe its day (a night run again loads nothing twice).
LOADS = """
select * from ops.load
where source = %(source)s and (run_id = %(run_id)s or (data_date = %(day)s and status <> 'failed'))
order by finished_at
"""
RULES = """
select l.entity || ' ' || to_char(l.window_start, 'YYYY-MM') as entity, r.*
from ops.expectation_result as r inner join ops.load as l on r.load_id = l.load_id
where r.load_id = any(%(loads)s) and not r.is_success
order by array_position(array['critical', 'warning', 'info'], r.severity), entity, r.rule_id
"""
QUARANTINE = """
select entity, row_key, rules, cells, count(*) over () as total from ops.quarantine
where load_id = any(%(loads)s) and resolved_at is null
-- rows that broke a rule of their own first, then those that only came with a stopped load
order by rules[1] like 'load_stopped:%%', entity, row_key limit %(most)s
"""
NEWCOMERS = """
select agency_code, name_vi, level, first_seen_on from core.agency where not is_in_catalog order by agency_code
"""


def write_page(connection: psycopg.Connection, folder: Path, source: str, day: date, run_id: str) -> Path:
    """Write ``<folder>/<day>/<source>.html``; returns its path.

    Raises OSError where it can't be written; an earlier page of the day stays whole.
    """
    parameters: dict[str, Any] = {"source": source, "day": day, "run_id": run_id, "most": MAX_ROWS}
    with connection.cursor(row_factory=dict_row) as cursor:
        loads = cursor.execute(LOADS, parameters).fetchall()
        parameters["loads"] = [load["load_id"] for load in loads]
        quarantine = cursor.execute(QUARANTINE, parameters).fetchall()
        halted = cursor.execute(
            "select halted_reason from ops.ingest_run where source = %(source)s and data_date = %(day)s", parameters
        ).fetchone()
        text = (
            open_templates()
            .get_template("quality.html.j2")
            .render(
                source=source,
                day=day,
                run_id=run_id,
                halted=halted["halted_reason"] if halted else None,
                loads=loads,
                rules=cursor.execute(RULES, parameters).fetchall(),
                quarantine=quarantine,
                quarantined=quarantine[0]["total"] if quarantine else 0,
                newcomers=cursor.execute(NEWCOMERS).fetchall(),
                statuses=STATUSES,
                severities=SEVERITIES,
            )
        )
    path = folder / day.isoformat() / f"{source}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return path
