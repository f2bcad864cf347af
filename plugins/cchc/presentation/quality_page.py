"""The quality page of a run: loads, violated rules, open quarantine and unregistered agencies of one source.

It is one HTML file that needs nothing from the network, for people on an intranet. Payloads of rows never stand in it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import uuid4

import psycopg

from cchc.presentation.queries import read_rows
from cchc.presentation.templates import open_templates

MAX_ROWS = 200


def write_page(connection: psycopg.Connection, folder: Path, source: str, day: date, run_id: str) -> Path:
    """Write ``<folder>/<day>/<source>.html`` for the run of a data date; returns its path.

    Raises OSError where it can't be written; an earlier page of the day stays whole.
    """
    run = {"source": source, "day": day, "run_id": run_id}
    loads = read_rows(connection, "run_loads", **run)
    load_ids = [load["load_id"] for load in loads]
    quarantine = read_rows(connection, "open_quarantine", loads=load_ids, max_rows=MAX_ROWS)
    halted = connection.execute(
        "select halted_reason from ops.ingest_run where source = %(source)s and data_date = %(day)s", run
    ).fetchone()
    template = open_templates().get_template("quality.html.j2")
    text = template.render(
        **run,
        halted=halted[0] if halted else None,
        loads=loads,
        rules=read_rows(connection, "violated_rules", loads=load_ids),
        quarantine=quarantine,
        quarantined=quarantine[0]["total"] if quarantine else 0,
        unregistered=read_rows(connection, "unregistered_agencies"),
    )
    path = folder / day.isoformat() / f"{source}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, text)
    return path


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
