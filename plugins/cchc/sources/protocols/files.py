"""Files of the inbox as rows: returns by their sheets, a source's export by its wire names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cchc.sources.parsed_load import Reading
from cchc.sources.profile import FilesProfile, Profile, RecordsProfile
from cchc.sources.protocols.records import RowReader
from cchc.sources.window import Window
from cchc.spreadsheets.workbook import RejectedFileError, Table, Wanted, read_tables


def list_wanted(profile: Profile) -> Wanted:
    """The kinds of sheet that a source takes, each with its fields by heading; none where it takes no files."""
    if isinstance(profile, FilesProfile):
        return {kind: sheet.fields_ for kind, sheet in profile.sheets.items()}
    if isinstance(profile, RecordsProfile) and profile.inbox:
        return {profile.source: profile.fields_}
    return {}


def read_file(
    profile: Profile, window: Window, content: bytes, refused: str | None, province: str, name: str
) -> Reading:
    """Read one file; ``refused``: the rule by which its bytes weren't even taken. Never raises on what it holds."""
    wanted = list_wanted(profile)
    response: dict[str, Any] = {"refusal": refused, "refusal_detail": None}
    described: list[Mapping[str, Any]] = []
    rows: list[dict[str, Any]] = []
    delimiter: str | None = None
    try:
        for table in [] if refused else read_tables(content, name, wanted):
            reader = RowReader(wanted[table.kind])
            kind = {"sheet": table.kind} if isinstance(profile, FilesProfile) else {}
            for row_no, record in table.rows:
                _add_row(reader, table, row_no, record, kind)
            delimiter = table.sheet.delimiter
            described.append(reader.describe())
            rows += reader.rows
    except RejectedFileError as refusal:
        response = {"refusal": refusal.rule, "refusal_detail": refusal.detail_vi}
        described, rows = [], []
    for number, row in enumerate(rows, 1):
        row["row_no"] = number
    columns = dict.fromkeys(column for row in rows for column in row)
    return Reading(
        response={
            **response,
            "row_no": 1,
            "envelope_code": None,
            "rows_received": len(rows),
            "rows_total": None,
            "repeated_rows": 0,  # the rows themselves are judged: each goes back to its sender
            "missing_fields": sorted({name for one in described for name in one["missing_fields"] or ()}) or None,
            "unknown_fields": sorted({name for one in described for name in one["unknown_fields"] or ()}) or None,
            "asked_from": None,
            "asked_to": window.end,
            "province_code": province,
            "delimiter": delimiter,
        },
        rows=[{column: row.get(column) for column in columns} for row in rows],
    )


def _add_row(
    reader: RowReader, table: Table, row_no: int, record: Mapping[str, object], kind: Mapping[str, str]
) -> None:
    """Read one row, with its cells. A row with another number of fields is read as nothing: its columns are shifted."""
    field_count = table.field_counts.get(row_no)
    told = dict.fromkeys(record) if field_count else record
    cells = json.dumps(table.find_cells(row_no, record, reader.fields), ensure_ascii=False)
    read = reader.add(
        f"{table.sheet.name}!{row_no}", told, table.sheet.notation, **kind, cells=cells, field_count=field_count
    )
    judged = {"unseen": read.unseen, "percent": read.percent, "ambiguous_numbers": read.ambiguous_numbers}
    reader.rows[-1] |= {column: names or None for column, names in judged.items()}
