"""Checks of the files that a source profile needs: suites, staging tables with their views, and SQL.

They read the files alone, without a database, so that a missing one is found before a run: by ``make validate``, and
wherever profiles are read. Staging is cleared by the profile's own list of tables, which needs no file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from cchc.fields.field_map import Type
from cchc.mistake import FieldMistake, Mistake
from cchc.settings import SQL
from cchc.sources.protocols.protocol import Profile
from cchc.sources.suite_files import check_suite
from cchc.strict_yaml import read_text

Columns = Mapping[str, str]

# Deletes the rows of withdrawn loads from each table of core.
WITHDRAWAL = "withdraw/rows.sql"

# The forms of the schema's files. Columns that a do block adds are used by suites and not by profiles.
_TABLE = re.compile(r"create unlogged table (?:if not exists )?staging\.(\w+) \((.*?)\n?\);", re.DOTALL)
_COLUMN = re.compile(r"^ {4}(?!primary key)(\w+) (\w+(?:\[\])?)", re.MULTILINE)
_LIKE = re.compile(r"like staging\.(\w+) including all")
_ADDED = re.compile(r"alter table staging\.(\w+) add column (\w+) (\w+(?:\[\])?)")
_BLOCK = re.compile(r"^do \$\$(.*?)^\$\$;", re.DOTALL | re.MULTILINE)
_ADDED_IN_BLOCK = re.compile(r"add column (\w+)")
_VIEW = re.compile(r"create or replace view staging\.(\w+) as\n(.*?);", re.DOTALL)
_SELECTED = re.compile(r"(?:\.| as )(\w+),?$", re.MULTILINE)
_STAGED_BRANCH = re.compile(r"^from staging\.(\w+) as", re.MULTILINE)

# Type of a field → types of the columns that it fills, by the ending of the column's name.
_COLUMN_TYPES: Mapping[Type, Columns] = {
    "text": {"": "text"},
    "code": {"": "text"},
    "number": {"": "numeric"},
    "integer": {"": "int"},
    "date": {"": "date"},
    "period": {"": "text", "_start": "date", "_end": "date"},
    "task_status": {"": "text"},
}


def check_files(profile: Profile) -> Iterator[FieldMistake]:
    """Yields (field, mistake) for each file, table or view of a profile that is missing or of another source."""
    for field, suite in zip(("staging", "rows"), profile.suites, strict=True):
        yield from ((field, text) for text in check_suite(suite, read_audited_columns(suite)))
    yield from _check_staging(profile)
    staged = [f"staging.{profile.row_table}"] if profile.row_table in read_tables() else []
    for position, (table, file) in enumerate(zip(profile.publish, profile.publish_files, strict=True)):
        yield from _check_sql(f"publish[{position}]", file, staged)
        yield from _check_withdrawal(f"publish[{position}]", table)
    yield from _check_sql("measures", profile.measures_file, profile.publish)
    yield from _check_sql("measures", profile.dirty_date_file, ())


def _check_sql(field: str, name: str, tables: Collection[str]) -> Iterator[FieldMistake]:
    """A file that is missing, or reads none of ``tables``: one of another source would run and load nothing."""
    path = SQL / name
    if not path.is_file():
        yield field, f"there is no include/sql/{name}, correct the name or write it"
        return
    mistakes: list[Mistake] = []
    text = read_text(path, mistakes)
    if text is None:
        yield from ((field, f"include/sql/{name} {mistake.text}") for mistake in mistakes)
    elif tables and not any(table in text for table in tables):
        yield field, f"include/sql/{name} doesn't read {' or '.join(tables)}, name the file that does"


def _check_withdrawal(field: str, table: str) -> Iterator[FieldMistake]:
    """A table of core whose rows ``make withdraw`` would leave behind."""
    if not re.search(rf"\b{re.escape(table)}\b", "\n".join(_read_sql(WITHDRAWAL))):
        yield field, f"include/sql/{WITHDRAWAL} leaves out {table}, delete its rows there"


def _check_staging(profile: Profile) -> Iterator[FieldMistake]:
    """Tables or audit views that are missing, branches that the ledger lacks, and columns that no table has."""
    tables, views, staged = read_tables(), _read_views(), _read_staged_branches()
    for field, table in (("staging", profile.response_table), ("rows", profile.row_table)):
        if table not in tables:
            yield field, f"there is no table staging.{table} in include/sql/schema/, correct the name or add it"
        elif f"{table}_audit" not in views:
            yield field, f"there is no view staging.{table}_audit in include/sql/views/, add it"
        elif table not in staged:
            yield field, f"staging.{table} is left out of include/sql/views/staging.staged.sql, add it"
    rows = profile.row_table
    columns = tables.get(rows, {})
    for place, fields in profile.wire_fields().items() if columns else ():
        for name, wire in fields.items():
            for ending, column_type in _COLUMN_TYPES[wire.type].items():
                column = wire.column + ending
                if column not in columns:
                    yield (
                        f"{place}.{name}.column",
                        f'staging.{rows} has no column "{column}", correct it or add it there',
                    )
                elif columns[column] != column_type:
                    is_meant = f"is {columns[column]} in staging.{rows}, a {wire.type} needs {column_type}"
                    yield f"{place}.{name}.type", f'column "{column}" {is_meant}: correct one'


@cache
def read_tables() -> Mapping[str, Columns]:
    """The staging tables of include/sql/schema/: table → column → type."""
    tables: dict[str, dict[str, str]] = {}
    for text in _read_sql("schema/[!.]*.sql"):
        for table, inside in _TABLE.findall(text):
            like = _LIKE.match(inside)
            tables[table] = dict(tables.get(like[1], {})) if like else dict(_COLUMN.findall(inside))
        for table, column, column_type in _ADDED.findall(text):
            tables.setdefault(table, {})[column] = column_type
    return tables


def read_audited_columns(table: str) -> frozenset[str]:
    """The columns of a table's audit view: the table's own, and the last words of its lines; none without a view."""
    view = _read_views().get(f"{table}_audit")
    if view is None:
        return frozenset()
    blocks = [block for text in _read_sql("schema/[!.]*.sql") for block in _BLOCK.findall(text)]
    added = [name for block in blocks if f"staging.{table}'" in block for name in _ADDED_IN_BLOCK.findall(block)]
    return frozenset({*read_tables().get(table, {}), *added, *_SELECTED.findall(view)})


@cache
def _read_views() -> Mapping[str, str]:
    """The views of include/sql/views/ with their text."""
    return {view: inside for text in _read_sql("views/staging.*.sql") for view, inside in _VIEW.findall(text)}


@cache
def _read_staged_branches() -> frozenset[str]:
    """The tables that are a branch of a view in staging.staged.sql."""
    return frozenset(_STAGED_BRANCH.findall("\n".join(_read_sql("views/staging.staged.sql"))))


def _read_sql(pattern: str) -> list[str]:
    """The files of include/sql/ in their order. A file that is no UTF-8 gives no names, so that profiles lack them."""
    return [path.read_bytes().decode("utf-8", "replace") for path in sorted(SQL.glob(pattern)) if path.is_file()]
