"""APIs of records (e-office, treasury): windows of days or budget years, pages of rows, parsed by the field map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from cchc.fields.field_map import JSON
from cchc.fields.field_map import Field as WireField
from cchc.mistake import FieldMistake
from cchc.sources.http import Response
from cchc.sources.json_body import as_dict, as_text, parse_body
from cchc.sources.parsed_load import ParsedLoad
from cchc.sources.profile_parts import (
    BudgetYearWindows,
    ClientCredentialsAuth,
    DayWindows,
    HeaderAuth,
    UrlPath,
    check_request,
    find_repeated,
    name_headings,
)
from cchc.sources.protocols.protocol import ApiProfile, Ask, ReadComplete
from cchc.sources.protocols.row_reader import RowReader
from cchc.sources.target import Target
from cchc.sources.window import Window, plan_budget_years, plan_days
from cchc.strict_yaml import Filled, Identifier, Text

MAX_PAGES = 20_000
# TotalCount beyond this is no count.
MAX_ROWS = 10**9
ENVELOPE_FIELDS = {"error_code", "message", "TotalCount", "PageNumber", "PageSize", "data"}


class RecordsProfile(ApiProfile):
    """An API of records: POST, an envelope with error_code and TotalCount, rows in ``data``.

    ``request``: the body, in which {start}, {end} and {year} stand for those of the window. ``page_size`` None: one
    answer. ``fields``: the allow-list, wire name → column; ``key``: the columns that identify a row.
    """

    protocol: Literal["records"]
    windows: Annotated[DayWindows | BudgetYearWindows, Field(discriminator="kind")]
    auth: Annotated[HeaderAuth | ClientCredentialsAuth, Field(discriminator="kind")]
    path: UrlPath
    request: dict[str, Literal["{start}", "{end}", "{year}"]]
    page_size: int | None = Field(default=None, gt=0)
    success_codes: Annotated[tuple[Text, ...], Filled]
    key: Annotated[tuple[str, ...], Filled]
    fields_: dict[str, WireField] = Field(alias="fields")
    metrics_: Annotated[tuple[Identifier, ...], Filled] = Field(alias="metrics")

    @property
    def entities(self) -> tuple[str, ...]:
        """The last word of the path."""
        return (self.path.rpartition("/")[2],)

    @property
    def authentication(self) -> HeaderAuth | ClientCredentialsAuth:
        """``auth`` of the profile."""
        return self.auth

    def metrics(self) -> frozenset[str]:
        """The metrics that the profile lists."""
        return frozenset(f"{self.source}.{metric}" for metric in self.metrics_)

    def wire_fields(self) -> dict[str, Mapping[str, WireField]]:
        """The allow-list."""
        return {"fields": self.fields_}

    def sheet_fields(self) -> Mapping[str, Mapping[str, WireField]]:
        """One kind of sheet, an export under the wire's names; none without an inbox."""
        return {self.source: self.fields_} if self.inbox else {}

    def exclusive_names(self) -> dict[str, str]:
        """The path of the connection, and the headings of its files."""
        asked = {f"path {self.path} of connection {self.connection}": "connection"}
        return asked | (name_headings(self.inbox, [self.fields_]) if self.inbox else {})

    def connection_uses(self) -> dict[str, tuple[str, str]]:
        """Also: the connection, with its kind of login."""
        return super().connection_uses() | {self.connection: ("connection", f"with auth {self.auth.kind}")}

    def find_mistakes(self) -> Iterator[FieldMistake]:
        """Also: a request that doesn't name its window, a key of unknown columns, lists that repeat a value."""
        yield from super().find_mistakes()
        yield from check_request(self.request.values(), self.windows)
        if self.inbox == self.connection:
            yield "inbox", f'"{self.inbox}" is where the source is asked, name the connection of the folder'
        named = {wire.column: (name, wire) for name, wire in self.fields_.items()}
        for position, column in enumerate(self.key):
            if column not in named:
                yield f"key[{position}]", f'"{column}" is no column of fields, it has {", ".join(sorted(named))}'
            elif not named[column][1].required:
                text = f'"{column}" may be missing, write required: true at fields.{named[column][0]}'
                yield f"key[{position}]", text
        for field, names in (("key", self.key), ("metrics", self.metrics_), ("success_codes", self.success_codes)):
            yield from find_repeated(field, names)

    def find_missing_setting(self, target: Target) -> str | None:
        """A password and, for a token, a login."""
        if not target.password:
            return "it has no password (docs/operate.md describes it)"
        if isinstance(self.auth, ClientCredentialsAuth) and not target.login:
            return "it has no login (the client id)"
        return None

    def plan_windows(self, day: date, read_complete: ReadComplete) -> list[Window]:
        """The days that are still to be read, or every open budget year."""
        (entity,) = self.entities
        if isinstance(self.windows, DayWindows):
            complete = read_complete(entity)
            return plan_days(entity, day, complete, self.windows.reread_days, self.windows.max_days)
        return plan_budget_years(entity, day)

    def plan_archived_windows(self, day: date, names: Iterable[str]) -> list[Window]:
        """The windows of days that the archive holds for ``day``: they depend on what was complete at that time."""
        if isinstance(self.windows, DayWindows):
            return [window for name in names if (window := Window.from_name(name))]
        return super().plan_archived_windows(day, names)

    def plan_sample(self, day: date) -> Window:
        """One day."""
        return Window(self.entities[0], "days", day, day)

    def choose_data_date(self, _captured_at: datetime, day: date) -> date:
        """The data date of the run: a record names its own day."""
        return day

    def fetch_pages(self, window: Window, _target: Target, ask: Ask) -> Iterator[Response]:
        """The first page and as many more as its TotalCount needs."""
        pages, number = 1, 1
        while number <= pages:
            response = ask(self.path, self.build_request(window, number))
            if number == 1 and self.page_size:
                total = _read_total(parse_body(response.body)[0]) or 0
                pages = min(-(-total // self.page_size), MAX_PAGES)
            yield response
            number += 1

    def build_request(self, window: Window, page: int) -> dict[str, Any]:
        """The JSON body of one request."""
        values = {"{start}": window.start.isoformat(), "{end}": window.end.isoformat(), "{year}": window.start.year}
        body: dict[str, Any] = {name: values[value] for name, value in self.request.items()}
        if self.page_size:
            body |= {"PageNumber": page, "PageSize": self.page_size}
        return body

    def parse_pages(
        self, window: Window, bodies: Sequence[bytes], _request: Mapping[str, Any], province: str
    ) -> ParsedLoad:
        """A row for each record, up to the first page that isn't well."""
        rows = RowReader(self.fields_)
        parse_failure = envelope_code = None
        totals = set()
        for number, body in enumerate(bodies, 1):
            document, trouble = parse_body(body)
            if trouble:
                parse_failure = trouble
                break
            envelope_code = as_text(document.get("error_code"), "")
            totals.add(_read_total(document))
            rows.unknown |= document.keys() - ENVELOPE_FIELDS
            if envelope_code not in self.success_codes:
                break
            if not isinstance(document.get("data"), list):
                rows.missing.add("data")
                break
            for place, record in enumerate(document["data"]):
                rows.add(f"page {number} /data/{place}", as_dict(record), JSON)
        response = {
            **rows.describe(),
            "repeated_rows": self._count_repeated(rows.rows),
            "parse_failure": parse_failure,
            "parse_failure_detail": None,
            # Either spelling of success: the suite compares one word.
            "envelope_code": "0" if envelope_code in self.success_codes else envelope_code,
            "rows_total": totals.pop() if len(totals) == 1 else None,
            "asked_from": window.start,
            "asked_to": window.end,
            "province_code": province,
        }
        return ParsedLoad(response, rows.rows)

    def _count_repeated(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Rows beyond the first of each whole key."""
        keys = Counter(tuple(row.get(column) for column in self.key) for row in rows)
        return sum(count - 1 for key, count in keys.items() if None not in key)


def _read_total(document: Mapping[str, Any]) -> int | None:
    """TotalCount as a number; some systems write it as text."""
    total = document.get("TotalCount")
    if isinstance(total, str) and re.fullmatch(r"\d{1,10}", total):
        total = int(total)
    is_count = isinstance(total, int) and not isinstance(total, bool) and 0 <= total <= MAX_ROWS
    return total if is_count else None
