"""Files of the inbox: the profile of a source that is only sent files, and the parser of the files of any source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from cchc.fields.field_map import Field as WireField
from cchc.mistake import FieldMistake
from cchc.sources.parsed_load import ParsedLoad
from cchc.sources.profile_parts import ConnectionName, Sheet, find_repeated, name_headings
from cchc.sources.protocols.protocol import Profile
from cchc.sources.protocols.row_reader import RowReader
from cchc.sources.window import FileScope
from cchc.spreadsheets.workbook import RejectedFileError, Table, read_tables
from cchc.strict_yaml import Filled


class FilesProfile(Profile):
    """A source of workbooks and CSV files that people put into the inbox."""

    protocol: Literal["files"]
    inbox: ConnectionName
    sheets: Annotated[dict[str, Sheet], Filled]

    @property
    def entities(self) -> tuple[str, ...]:
        """One: every file is a return."""
        return ("return",)

    def metrics(self) -> None:
        """None: rows name codes of the catalog."""

    def wire_fields(self) -> dict[str, Mapping[str, WireField]]:
        """The field map of each kind of sheet."""
        return {f"sheets.{kind}.fields": sheet.fields_ for kind, sheet in self.sheets.items()}

    def sheet_fields(self) -> Mapping[str, Mapping[str, WireField]]:
        """The kinds of sheet of the profile."""
        return {kind: sheet.fields_ for kind, sheet in self.sheets.items()}

    def kind_columns(self, kind: str) -> Mapping[str, str]:
        """The column ``sheet``: rows of all kinds share a table."""
        return {"sheet": kind}

    def exclusive_names(self) -> dict[str, str]:
        """The headings of its sheets."""
        return name_headings(self.inbox, [sheet.fields_ for sheet in self.sheets.values()])

    def connection_uses(self) -> dict[str, tuple[str, str]]:
        """The connection is the inbox itself: no host is asked."""
        return {self.connection: ("connection", "as the folder of the inbox")} | super().connection_uses()

    def find_mistakes(self) -> Iterator[FieldMistake]:
        """Also: a derived variant that names one metric twice."""
        yield from super().find_mistakes()
        for name, derived in self.derived.items():
            yield from find_repeated(f"derived.{name}.of", derived.of)


def parse_file(
    profile: Profile, file: FileScope, content: bytes, request: Mapping[str, Any], province: str
) -> ParsedLoad:
    """The rows of one file of any source that takes files; ``request``: its entry in the archive.

    Never raises on the content: a rejected file has no rows, and its rule in the response row.
    """
    wanted = profile.sheet_fields()
    rejection = request.get("rejection", request.get("refused"))  # an archive of before version 0.1.0 has "refused"
    response: dict[str, Any] = {"parse_failure": rejection, "parse_failure_detail": None}
    readers: list[RowReader] = []
    delimiter: str | None = None
    try:
        for table in [] if rejection else read_tables(content, str(request["file"]), wanted):
            readers.append(_read_table(profile, table, wanted[table.kind]))
            delimiter = table.sheet.delimiter
    except RejectedFileError as rejected:
        response = {"parse_failure": rejected.rule, "parse_failure_detail": rejected.detail_vi}
        readers = []
    rows = [row for reader in readers for row in reader.rows]
    for number, row in enumerate(rows, 1):
        row["row_no"] = number
    described = [reader.describe() for reader in readers]
    return ParsedLoad(
        response={
            **response,
            "row_no": 1,
            "envelope_code": None,
            "received_rows": len(rows),
            "rows_total": None,
            "repeated_rows": 0,  # rules judge each row of a file by itself, so that its sender gets each reason
            "missing_fields": _unite(described, "missing_fields"),
            "unknown_fields": _unite(described, "unknown_fields"),
            "asked_from": None,
            "asked_to": file.seen_on,
            "province_code": province,
            "delimiter": delimiter,
        },
        rows=_align(rows),
    )


def _align(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the same columns in the same order: a column that a kind of sheet lacks is None."""
    columns = dict.fromkeys(column for row in rows for column in row)
    return [{column: row.get(column) for column in columns} for row in rows]


def _read_table(profile: Profile, table: Table, fields: Mapping[str, WireField]) -> RowReader:
    reader = RowReader(fields)
    for row_no, record in table.rows:
        _add_row(reader, table, row_no, record, profile.kind_columns(table.kind))
    return reader


def _add_row(
    reader: RowReader, table: Table, row_no: int, record: Mapping[str, object], kind: Mapping[str, str]
) -> None:
    """Add one row with its cells. A row with another number of fields gets no values: its columns are shifted."""
    field_count = table.field_counts.get(row_no)
    values = dict.fromkeys(record) if field_count else record
    cells = json.dumps(table.find_cells(row_no, record, reader.fields), ensure_ascii=False)
    pointer = f"{table.sheet.name}!{row_no}"
    read = reader.add(pointer, values, table.sheet.notation, **kind, cells=cells, field_count=field_count)
    judged = {"unseen": read.unseen, "percent": read.percent, "ambiguous_numbers": read.ambiguous_numbers}
    reader.rows[-1] |= {column: names or None for column, names in judged.items()}


def _unite(described: Sequence[Mapping[str, Any]], column: str) -> list[str] | None:
    return sorted({name for one in described for name in one[column] or ()}) or None
