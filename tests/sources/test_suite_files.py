"""check_suite: a rule that would judge nothing in a run, or fail there, is named with its suite and a remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cchc.settings import EXPECTATIONS
from cchc.sources import suite_files
from cchc.sources.profile_files import read_audited_columns
from cchc.sources.suite_files import check_suite

NAME = "treasury_row"
SUITES = sorted(path.stem for path in EXPECTATIONS.glob("*.json"))
ROWS = {"type": "unexpected_rows_expectation", "meta": {"rule_id": "over"}, "severity": "info"}
NULL = {"type": "expect_column_values_to_be_null", "meta": {"rule_id": "gone"}, "severity": "info"}
BETWEEN = {"type": "expect_column_values_to_be_between", "meta": {"rule_id": "far"}, "severity": "warning"}


def rows(query: str, **changes: Any) -> dict[str, Any]:
    """A rule that looks for rows."""
    return ROWS | {"kwargs": {"unexpected_rows_query": query}} | changes


@pytest.mark.parametrize("name", SUITES)
def test_suites_of_this_checkout_are_right(name: str) -> None:
    assert read_audited_columns(name)
    assert list(check_suite(name, read_audited_columns(name))) == []


SLIPS = [
    (rows("select load_id, row_no from {batch} where plan_vmd < 0"),
     'over: unexpected_rows_query names "plan_vmd", which its audit view doesn\'t have: is plan_vnd meant?'),
    (rows("select load_id, row_no from staging.treasury_row where plan < 0"),
     "over: unexpected_rows_query leaves out {batch}, the rows of the load: write from {batch}"),
    (rows("select row_no from {batch}"),
     "over: unexpected_rows_query must select load_id and row_no of the rows that break the rule"),
    (ROWS | {"kwargs": {"unexpected_row_query": "select load_id, row_no from {batch}"}},
     'over: kwargs "unexpected_row_query" is not one of unexpected_rows_query: correct its name or take it out'),
    (rows("select load_id, row_no from {batch}", severity=["warning"]),
     'over: severity "[\'warning\']" is not one of critical, warning, info'),
    (rows("select load_id, row_no from {batch}", severity="urgent"),
     'over: severity "urgent" is not one of critical, warning, info'),
    (NULL | {"kwargs": {"column": "coercd"}}, 'gone: column "coercd" is none of its audit view, which has advance,'),
    (NULL | {"kwargs": {}}, "gone: kwargs column is missing, add it"),
    (NULL | {"kwargs": "coerced"}, "gone: kwargs is no group of fields, write it as the others"),
    (NULL | {"type": "expect_column_value_to_be_null", "kwargs": {"column": "coerced"}},
     'gone: type "expect_column_value_to_be_null" is not one of unexpected_rows_expectation, expect_column_'),
    (BETWEEN | {"kwargs": {"column": "plan", "min": 0}},
     'far: kwargs "min" is not one of column, max_value, min_value: correct its name or take it out'),
    (BETWEEN | {"kwargs": {"column": "plan"}}, "far: kwargs max_value or min_value is missing, add it"),
]  # fmt: skip


def check(monkeypatch: pytest.MonkeyPatch, folder: Path, suite: Any) -> list[str]:
    """The mistakes of a suite of that content."""
    monkeypatch.setattr(suite_files, "EXPECTATIONS", folder)
    (folder / f"{NAME}.json").write_text(json.dumps(suite), encoding="utf-8")
    return list(check_suite(NAME, read_audited_columns(NAME)))


@pytest.mark.parametrize(("rule", "mistake"), SLIPS)
def test_mistake_in_a_rule_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rule: dict[str, Any], mistake: str
) -> None:
    lines = check(monkeypatch, tmp_path, {"name": NAME, "expectations": [rule]})
    assert lines[0].startswith(f"include/expectations/{NAME}.json, rule {mistake}")


@pytest.mark.parametrize(
    ("second", "is_right"),
    [
        (BETWEEN | {"kwargs": {"column": "carried_over", "min_value": 0}}, True),
        (BETWEEN | {"kwargs": {"column": "plan", "max_value": 9}}, False),
        (BETWEEN | {"kwargs": {"column": "carried_over", "min_value": 0}, "severity": "info"}, False),
    ],
    ids=["of another column", "of the same column", "of another severity"],
)
def test_rules_share_a_name_where_one_mistake_shows_in_several_columns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, second: dict[str, Any], is_right: bool
) -> None:
    first = BETWEEN | {"kwargs": {"column": "plan", "min_value": 0}}
    mistake = f"include/expectations/{NAME}.json, rule far: rule_id is there twice, give each rule its own"
    assert check(monkeypatch, tmp_path, {"name": NAME, "expectations": [first, second]}) == [mistake] * (not is_right)


@pytest.mark.parametrize(
    ("suite", "mistake"),
    [
        ([], f'must have "name": "{NAME}" and a list of expectations: correct it'),
        ({"name": "other", "expectations": [ROWS]}, f'must have "name": "{NAME}" and a list of expectations'),
        ({"name": NAME, "expectations": []}, f'must have "name": "{NAME}" and a list of expectations'),
        ({"name": NAME, "expectations": "none"}, f'must have "name": "{NAME}" and a list of expectations'),
        ({"name": NAME, "expectations": [NULL | {"meta": {}}]}, "expectations[0]: meta.rule_id is missing, add it"),
        ({"name": NAME, "expectations": ["none"]}, "expectations[0]: is no group of fields, write it as the others"),
    ],
)
def test_suite_that_cannot_judge_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suite: Any, mistake: str
) -> None:
    assert mistake in check(monkeypatch, tmp_path, suite)[0]


@pytest.mark.parametrize("content", [b"\xff\xfe{\x00", b"{", b"[" * 100_000])
def test_suite_that_is_no_json_is_a_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    monkeypatch.setattr(suite_files, "EXPECTATIONS", tmp_path)
    (tmp_path / f"{NAME}.json").write_bytes(content)
    [mistake] = check_suite(NAME, ())
    assert mistake.startswith(f"include/expectations/{NAME}.json is not readable as JSON (")
