"""What the files must hold that a source profile names: suites, staging tables with their views, and SQL.

Looked up in the files, without a database, so that a wrong name is told before a run and not by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from cchc.settings import EXPECTATIONS, SQL
from cchc.sources.fields import Type
from cchc.sources.profile_parts import Finding

if TYPE_CHECKING:
    from cchc.sources.profile import Profile

Columns = Mapping[str, str]

SEVERITIES = frozenset({"critical", "warning", "info"})

# As the schema's files write them. What an execute in a do block adds there, no profile names.
_TABLE = re.compile(r"create unlogged table staging\.(\w+) \((.*?)\n?\);", re.DOTALL)
_COLUMN = re.compile(r"^ {4}(?!primary key)(\w+) (\w+(?:\[\])?)", re.MULTILINE)
_LIKE = re.compile(r"like staging\.(\w+) including all")
_ADDED = re.compile(r"alter table staging\.(\w+) add column (\w+) (\w+(?:\[\])?)")
_VIEW = re.compile(r"create or replace view staging\.(\w+) as")
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
        text = _check_suite(suite)
        if text:
            yield field, text
    yield from _check_staging(profile, response, rows)
    staged = [f"staging.{rows}"] if rows in read_tables() else []
    for position, name in enumerate(profile.publish):
        yield from _check_sql(f"publish[{position}]", f"publish/{name}.sql", staged)
    yield from _check_sql("measures", f"measures/{profile.measures}.sql", profile.publish)
    yield from _check_sql("measures", f"publish/touched_days.{profile.measures}.sql", ())


def _check_sql(field: str, name: str, tables: Collection[str]) -> Iterator[Finding]:
    """A file of another source would go through and bring nothing: it must read one of ``tables``, if any."""
    path = SQL / name
    if not path.is_file():
        yield field, f"there is no include/sql/{name}, correct the name or write it"
    elif tables and not any(table in path.read_text(encoding="utf-8") for table in tables):
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


def _check_suite(name: str) -> str | None:
    """What is wrong with a suite of include/expectations/; None when nothing is."""
    path = EXPECTATIONS / f"{name}.json"
    if not path.is_file():
        return f"there is no include/expectations/{name}.json, correct the name or write it"
    try:
        suite = json.loads(path.read_text(encoding="utf-8"))
        told, severities = suite["name"], [rule["severity"] for rule in suite["expectations"]]
        are_named = all(isinstance(rule["meta"]["rule_id"], str) for rule in suite["expectations"])
    except (OSError, ValueError) as error:
        return f"include/expectations/{name}.json is not readable as JSON ({error}), correct it"
    except (KeyError, TypeError) as error:
        return f"include/expectations/{name}.json: a part is missing ({error}), write it as the others"
    if told != name or not are_named or not severities or set(severities) - SEVERITIES:
        return (
            f'include/expectations/{name}.json must have "name": "{name}", and for each of its expectations a rule_id'
            f" and a severity, {', '.join(sorted(SEVERITIES))}: correct it"
        )
    return None


@cache
def read_tables() -> Mapping[str, Columns]:
    """The staging tables of include/sql/schema/: table → column → type."""
    tables: dict[str, dict[str, str]] = {}
    for path in sorted((SQL / "schema").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        for table, inside in _TABLE.findall(text):
            like = _LIKE.match(inside)
            tables[table] = dict(tables[like[1]]) if like else dict(_COLUMN.findall(inside))
        for table, column, column_type in _ADDED.findall(text):
            tables[table][column] = column_type
    return tables


@cache
def _read_views() -> frozenset[str]:
    texts = [path.read_text(encoding="utf-8") for path in (SQL / "views").glob("staging.*.sql")]
    return frozenset(view for text in texts for view in _VIEW.findall(text))


@cache
def _read_united() -> frozenset[str]:
    """The tables whose rows the ledger sees."""
    return frozenset(_UNITED.findall((SQL / "views" / "staging.staged.sql").read_text(encoding="utf-8")))
