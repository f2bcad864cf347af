"""Rows by a profile's field map, for APIs of records and for files: typed values, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cchc.fields.field_map import Field, FieldsRead, Notation, read_record


@dataclass
class RowReader:
    """Collects rows for staging, and what the field map finds in all of them together."""

    fields: Mapping[str, Field]
    rows: list[dict[str, Any]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)

    def add(self, pointer: str, record: Mapping[str, Any], notation: Notation, **more: Any) -> FieldsRead:
        """Add one record; ``more`` are further columns."""
        read = read_record(record, self.fields, notation)
        unknown = {name for name in record if name not in self.fields}
        self.present |= record.keys() & self.fields.keys()
        self.unknown |= unknown
        self.rows.append(
            {
                "row_no": len(self.rows) + 1,
                "pointer": pointer,
                **more,
                **read.values,
                "not_read": read.not_read or None,
                "coerced": read.coerced or None,
                "source_flags": ["unknown_field"] if unknown else None,
            }
        )
        return read

    def describe(self) -> dict[str, Any]:
        """The columns of the response row that the rows give. A required field is missing when no row has it."""
        required = {name for name, wire in self.fields.items() if wire.required}
        gone = self.missing | (required - self.present if self.rows else set())
        return {
            "row_no": 1,
            "received_rows": len(self.rows),
            "missing_fields": sorted(gone) or None,
            "unknown_fields": sorted(self.unknown) or None,
        }
