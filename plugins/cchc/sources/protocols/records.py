"""APIs of records (e-office, treasury): requests, pages, and their rows by the profile's field map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cchc.fields.field_map import JSON, Field, FieldsRead, Notation, read_record
from cchc.sources.http import Response
from cchc.sources.json_body import as_dict, as_text, parse_body
from cchc.sources.parsed_load import Reading
from cchc.sources.profile import RecordsProfile
from cchc.sources.window import Window

MOST_PAGES = 20_000
# TotalCount beyond this is no count.
MOST_ROWS = 10**9
ENVELOPE_FIELDS = {"error_code", "message", "TotalCount", "PageNumber", "PageSize", "data"}


def build_request(profile: RecordsProfile, window: Window, page: int) -> dict[str, Any]:
    """The JSON body of one request."""
    values = {"{start}": window.start.isoformat(), "{end}": window.end.isoformat(), "{year}": window.start.year}
    body: dict[str, Any] = {name: values[value] for name, value in profile.request.items()}
    if profile.page_size:
        body |= {"PageNumber": page, "PageSize": profile.page_size}
    return body


def fetch_pages(
    profile: RecordsProfile, window: Window, ask: Callable[[str, dict[str, Any]], Response]
) -> Iterator[Response]:
    """Ask for the first page and for as many more as its TotalCount needs; ``ask`` gets path and body."""
    pages, number = 1, 1
    while number <= pages:
        response = ask(profile.path, build_request(profile, window, number))
        if number == 1 and profile.page_size:
            total = _read_total(parse_body(response.body)[0]) or 0
            pages = min(-(-total // profile.page_size), MOST_PAGES)
        yield response
        number += 1


def read_pages(profile: RecordsProfile, window: Window, bodies: list[bytes], province: str) -> Reading:
    """Read the pages of one capture; never raises."""
    rows = RowReader(profile.fields_)
    refusal = envelope_code = None
    totals = set()
    for number, body in enumerate(bodies, 1):
        document, trouble = parse_body(body)
        if trouble:
            refusal = trouble
            break
        envelope_code = as_text(document.get("error_code"), "")
        totals.add(_read_total(document))
        rows.unknown |= document.keys() - ENVELOPE_FIELDS
        if envelope_code not in profile.success_codes:
            break
        if not isinstance(document.get("data"), list):
            rows.missing.add("data")
            break
        for place, record in enumerate(document["data"]):
            rows.add(f"page {number} /data/{place}", as_dict(record), JSON)
    keys = Counter(tuple(row.get(column) for column in profile.key) for row in rows.rows)
    return Reading(
        response={
            **rows.describe(),
            "repeated_rows": sum(count - 1 for key, count in keys.items() if None not in key),
            "refusal": refusal,
            "refusal_detail": None,
            # Either spelling of success: what the suite compares is one word.
            "envelope_code": "0" if envelope_code in profile.success_codes else envelope_code,
            "rows_total": totals.pop() if len(totals) == 1 else None,
            "asked_from": window.start,
            "asked_to": window.end,
            "province_code": province,
        },
        rows=rows.rows,
    )


@dataclass
class RowReader:
    """Collects rows as the field map reads them, and what is to be said of them as a whole."""

    fields: Mapping[str, Field]
    rows: list[dict[str, Any]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)

    def add(self, pointer: str, record: Mapping[str, Any], notation: Notation, **more: Any) -> FieldsRead:
        """Read one record; ``more`` are further columns."""
        read = read_record(record, self.fields, notation)
        strange = {name for name in record if name not in self.fields}
        self.present |= record.keys() & self.fields.keys()
        self.unknown |= strange
        self.rows.append(
            {
                "row_no": len(self.rows) + 1,
                "pointer": pointer,
                **more,
                **read.values,
                "not_read": read.not_read or None,
                "coerced": read.coerced or None,
                "source_flags": ["unknown_field"] if strange else None,
            }
        )
        return read

    def describe(self) -> dict[str, Any]:
        """The columns of the response row that the rows tell. A required field is gone when no row has it."""
        required = {name for name, wire in self.fields.items() if wire.required}
        gone = self.missing | (required - self.present if self.rows else set())
        return {
            "row_no": 1,
            "rows_received": len(self.rows),
            "missing_fields": sorted(gone) or None,
            "unknown_fields": sorted(self.unknown) or None,
        }


def _read_total(document: Mapping[str, Any]) -> int | None:
    """TotalCount as a number; some systems write it as text."""
    total = document.get("TotalCount")
    if isinstance(total, str) and re.fullmatch(r"\d{1,10}", total):
        total = int(total)
    is_count = isinstance(total, int) and not isinstance(total, bool) and 0 <= total <= MOST_ROWS
    return total if is_count else None
