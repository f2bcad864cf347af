"""Names in a profile are looked up in the files that they stand for, as the database has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cchc.settings import EXPECTATIONS, SOURCES
from cchc.sources import profile_files
from cchc.sources.profile import read_profile
from cchc.sources.profile_files import check_files, read_tables
from tests.conftest import Warehouse

PROFILES = [read_profile(path) for path in sorted(SOURCES.glob("*.yaml"))]
OTHER_NAMES = {"int": "integer", "text[]": "ARRAY"}


def test_staging_tables_are_read_from_the_schema_as_the_database_has_them(warehouse: Warehouse) -> None:
    found = warehouse.query(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'staging'"
    )
    columns = {(table, column): data_type for table, column, data_type in found}
    for table, told in read_tables().items():
        for column, column_type in told.items():
            assert columns[table, column] == OTHER_NAMES.get(column_type, column_type), (table, column)
    tables = {f"{profile.staging}_{part}" for profile in PROFILES for part in ("response", profile.rows)}
    assert tables <= read_tables().keys()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.source)
def test_names_of_the_real_profiles_are_all_there(profile: Any) -> None:
    assert list(check_files(profile)) == []


def test_each_name_is_looked_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(profile_files, "EXPECTATIONS", tmp_path)
    for name in ("eoffice_response", "national_portal_statistic"):
        (tmp_path / f"{name}.json").write_bytes((EXPECTATIONS / f"{name}.json").read_bytes())
    profile = next(profile for profile in PROFILES if profile.source == "eoffice")
    wrong = profile.model_copy(update={"rows": "day", "publish": ("core.day",), "measures": "day"})
    assert [(field, text.partition(",")[0]) for field, text in check_files(wrong)] == [
        ("rows", "there is no include/expectations/eoffice_day.json"),
        ("rows", "there is no table staging.eoffice_day in include/sql/schema/"),
        ("publish[0]", "there is no include/sql/publish/core.day.sql"),
        ("measures", "there is no include/sql/measures/day.sql"),
        ("measures", "there is no include/sql/publish/touched_days.day.sql"),
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"publish": ("core.disbursement",)},
         "publish[0]: include/sql/publish/core.disbursement.sql doesn't read staging.eoffice_unit_day,"),
        ({"measures": "treasury"},
         "measures: include/sql/measures/treasury.sql doesn't read core.office_unit_day, name the file that does"),
    ],
)  # fmt: skip
def test_sql_of_another_source_is_refused(change: dict[str, Any], told: str) -> None:
    profile = next(profile for profile in PROFILES if profile.source == "eoffice")
    found = [f"{field}: {text}" for field, text in check_files(profile.model_copy(update=change))]
    assert any(line.startswith(told) for line in found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "eoffice_answer"}, 'must have "name": "eoffice_response"'),
        ({"expectations": []}, "for each of its expectations a rule_id and a severity"),
        ({"expectations": [{"meta": {"rule_id": "a"}, "severity": "grave"}]}, "critical, info, warning: correct it"),
        ({"expectations": [{"meta": {}, "severity": "info"}]}, "a part is missing ('rule_id'), write it as the others"),
        ({"expectations": "none"}, "a part is missing"),
    ],
)
def test_suite_that_cannot_judge_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    monkeypatch.setattr(profile_files, "EXPECTATIONS", tmp_path)
    for name in ("eoffice_response", "eoffice_unit_day"):
        suite = json.loads((EXPECTATIONS / f"{name}.json").read_text(encoding="utf-8"))
        changed = suite | change if name == "eoffice_response" else suite
        (tmp_path / f"{name}.json").write_text(json.dumps(changed), encoding="utf-8")
    profile = next(profile for profile in PROFILES if profile.source == "eoffice")
    ((field, text),) = check_files(profile)
    assert field == "staging"
    assert told in text
