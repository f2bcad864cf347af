"""What the files must hold that a source profile names: suites, staging tables with their views, and SQL.

Looked up in the files, without a database, so that a wrong name is told before a run and not by one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from cchc.fields.field_map import Type
from cchc.mistake import Mistake
from cchc.settings import SQL
from cchc.sources.profile_parts import Finding
from cchc.sources.suite_files import check_suite
from cchc.strict_yaml import read_text

if TYPE_CHECKING:
    from cchc.sources.profile import Profile

Columns = Mapping[str, str]

# As the schema's files write them. What an execute in a do block adds, suites name and profiles don't.
_TABLE = re.compile(r"create unlogged table (?:if not exists )?staging\.(\w+) \((.*?)\n?\);", re.DOTALL)
_COLUMN = re.compile(r"^ {4}(?!primary key)(\w+) (\w+(?:\[\])?)", re.MULTILINE)
_LIKE = re.compile(r"like staging\.(\w+) including all")
_ADDED = re.compile(r"alter table staging\.(\w+) add column (\w+) (\w+(?:\[\])?)")
_BLOCK = re.compile(r"^do \$\$(.*?)^\$\$;", re.DOTALL | re.MULTILINE)
_ADDED_IN_BLOCK = re.compile(r"add column (\w+)")
_VIEW = re.compile(r"create or replace view staging\.(\w+) as\n(.*?);", re.DOTALL)
_SELECTED = re.compile(r"(?:\.| as )(\w+),?$", re.MULTILINE)
_UNITED = re.compile(r"^from staging\.(\w+) as", re.MULTILINE)

# Type of a field → types of the columns that it fills, by what is added to the column's name.
_COLUMN_TYPES: Mapping[Type, Columns] = {
    "text": {"": "text"},
    "code": {"": "text"},
    "number": {"": "numeric"},
    "integer": {"": "int"},
    "date": {"": "date"},
    "period": {"": "text", "_start": "date", "_end": "date"},
    "task_status": {"": "text"},
}


def check_files(profile: Profile) -> Iterator[Finding]:
    """Yields (field, what is wrong) for each name in a profile behind which there is nothing, or something else."""
    response, rows = f"{profile.staging}_response", f"{profile.staging}_{profile.rows}"
    for field, suite in (("staging", response), ("rows", rows)):
        yield from ((field, text) for text in check_suite(suite, read_audited_columns(suite)))
    yield from _check_staging(profile, response, rows)
    staged = [f"staging.{rows}"] if rows in read_tables() else []
    for position, name in enumerate(profile.publish):
        yield from _check_sql(f"publish[{position}]", f"publish/{name}.sql", staged)
    yield from _check_sql("measures", f"measures/{profile.measures}.sql", profile.publish)
    yield from _check_sql("measures", f"publish/dirty_date.{profile.measures}.sql", ())


def _check_sql(field: str, name: str, tables: Collection[str]) -> Iterator[Finding]:
    """A file of another source would go through and bring nothing: it must read one of ``tables``, if any."""
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


def _check_staging(profile: Profile, response: str, rows: str) -> Iterator[Finding]:
    """The tables, their views for the audit, and the columns that fields fill."""
    tables, views, united = read_tables(), _read_views(), _read_united()
    for field, table in (("staging", response), ("rows", rows)):
        if table not in tables:
            yield field, f"there is no table staging.{table} in include/sql/schema/, correct the name or add it"
        elif f"{table}_audit" not in views:
            yield field, f"there is no view staging.{table}_audit in include/sql/views/, add it"
        elif table not in united:
            yield field, f"staging.{table} is left out of include/sql/views/staging.staged.sql, add it"
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
    """The columns of a table's audit view: the table's own, and what its lines end with; none without a view."""
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
def _read_united() -> frozenset[str]:
    """The tables whose rows the ledger sees."""
    return frozenset(_UNITED.findall("\n".join(_read_sql("views/staging.staged.sql"))))


def _read_sql(pattern: str) -> list[str]:
    """The files of include/sql/ in their order. One that is no UTF-8 hides what it makes from those who name that."""
    return [path.read_bytes().decode("utf-8", "replace") for path in sorted(SQL.glob(pattern)) if path.is_file()]
