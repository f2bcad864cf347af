"""Checks of the suites of include/expectations/: a rule must be one that can be evaluated in a run.

They are made without a database and without Great Expectations, which takes seconds to import.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from cchc.settings import EXPECTATIONS

SEVERITIES = ("critical", "warning", "info")
ROWS = "unexpected_rows_expectation"
# The types of rules in use → what each needs beside a column, of which one or more are enough.
_NEEDED: Mapping[str, frozenset[str]] = {
    ROWS: frozenset({"unexpected_rows_query"}),
    "expect_column_values_to_be_null": frozenset(),
    "expect_column_values_to_not_be_null": frozenset(),
    "expect_column_values_to_be_in_set": frozenset({"value_set"}),
    "expect_column_values_to_not_be_in_set": frozenset({"value_set"}),
    "expect_column_values_to_be_between": frozenset({"min_value", "max_value"}),
}
_STRING = re.compile(r"'[^']*'")
_ALIAS = re.compile(r"\bas (\w+)")
# A word that names a column: no function, no schema, no placeholder.
_NAME = re.compile(r"(?<![\w{.])(?:\w+\.)?([a-z_]\w*)\b(?!\s*\(|\.|})")
_SQL_WORDS = re.compile(
    r"all|and|any|array|as|asc|between|bigint|boolean|by|case|cast|cross|current_date|date|day|desc|distinct|else|end"
    r"|exists|extract|false|filter|first|from|full|group|having|ilike|in|inner|int|integer|interval|into|is|join|last"
    r"|lateral|left|like|limit|month|not|null|nulls|numeric|offset|on|or|order|outer|over|partition|range|right|row|rows"
    r"|select|similar|some|table|text|then|to|true|union|using|values|when|where|window|with|within|without|year"
)


def check_suite(name: str, columns: Collection[str]) -> Iterator[str]:
    """The mistakes of a suite. ``columns``: those of its audit view; empty where the view isn't known."""
    file = f"include/expectations/{name}.json"
    path = EXPECTATIONS / f"{name}.json"
    if not path.is_file():
        yield f"there is no {file}, correct the name or write it"
        return
    try:
        suite = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        yield f"{file} is not readable as JSON ({error}), correct it"
        return
    rules = suite.get("expectations") if isinstance(suite, dict) else None
    if not isinstance(rules, list) or not rules or suite.get("name") != name:
        yield f'{file} must have "name": "{name}" and a list of expectations: correct it'
        return
    for position, rule in enumerate(rules):
        rule_id = _find_id(rule)
        place = f"rule {rule_id}" if rule_id else f"expectations[{position}]"
        yield from (f"{file}, {place}: {text}" for text in _check_rule(rule, columns))
    yield from (f"{file}, rule {rule_id}: {text}" for rule_id, text in _find_repeated(rules))


def _find_repeated(rules: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Rules may share a rule_id where one mistake shows in several columns; else one hides the result of the other."""
    firsts: dict[str, str] = {}
    seen: set[tuple[str, str, str]] = set()
    for rule in rules:
        rule_id = _find_id(rule)
        if rule_id:
            severity, given = str(rule.get("severity")), rule.get("kwargs")
            used = (rule_id, str(rule.get("type")), str(given.get("column") if isinstance(given, dict) else None))
            if used in seen or firsts.setdefault(rule_id, severity) != severity:
                yield rule_id, "rule_id is there twice, give each rule its own"
            seen.add(used)


def _find_id(rule: Any) -> str:
    meta = rule.get("meta") if isinstance(rule, dict) else None
    rule_id = meta.get("rule_id") if isinstance(meta, dict) else None
    return rule_id if isinstance(rule_id, str) else ""


def _check_rule(rule: Any, columns: Collection[str]) -> Iterator[str]:
    """The mistakes of one rule."""
    if not isinstance(rule, dict):
        yield "is no group of fields, write it as the others"
        return
    if not _find_id(rule):
        yield "meta.rule_id is missing, add it"
    if rule.get("severity") not in SEVERITIES:
        yield f'severity "{rule.get("severity")}" is not one of {", ".join(SEVERITIES)}'
    kind, given = rule.get("type"), rule.get("kwargs")
    if not isinstance(kind, str) or kind not in _NEEDED:
        yield f'type "{kind}" is not one of {", ".join(_NEEDED)}'
    elif not isinstance(given, dict):
        yield "kwargs is no group of fields, write it as the others"
    else:
        yield from _check_given(kind, given)
        yield from _check_query(given, columns) if kind == ROWS else _check_column(given, columns)


def _check_given(kind: str, given: Mapping[str, Any]) -> Iterator[str]:
    """Names of kwargs: a mistyped one is ignored, or fails in the run."""
    needed = _NEEDED[kind]
    known = needed if kind == ROWS else needed | {"column"}
    for name in given:
        if name not in known:
            yield f'kwargs "{name}" is not one of {", ".join(sorted(known))}: correct its name or take it out'
    if needed and not needed & given.keys():
        yield f"kwargs {' or '.join(sorted(needed))} is missing, add it"


def _check_column(given: Mapping[str, Any], columns: Collection[str]) -> Iterator[str]:
    column = given.get("column")
    if not isinstance(column, str):
        yield "kwargs column is missing, add it"
    elif columns and column not in columns:
        yield f'column "{column}" is none of its audit view, which has {", ".join(sorted(columns))}'


def _check_query(given: Mapping[str, Any], columns: Collection[str]) -> Iterator[str]:
    """A query that doesn't read the load, or names columns that aren't there, as far as its words show."""
    query = given.get("unexpected_rows_query")
    if query is None:
        return
    if not isinstance(query, str) or not {"load_id", "row_no"} <= set(re.findall(r"\w+", query)):
        yield "unexpected_rows_query must select load_id and row_no of the rows that break the rule"
        return
    if "{batch}" not in query:
        yield "unexpected_rows_query leaves out {batch}, the rows of the load: write from {batch}"
    words = _STRING.sub("''", query)
    known = {*columns, *_ALIAS.findall(words)}
    unknown = [word for word in _NAME.findall(words) if word not in known and not _SQL_WORDS.fullmatch(word)]
    for word in dict.fromkeys(unknown):
        near = get_close_matches(word, columns, n=1, cutoff=0.8)
        if near:
            yield f'unexpected_rows_query names "{word}", which its audit view doesn\'t have: is {near[0]} meant?'
