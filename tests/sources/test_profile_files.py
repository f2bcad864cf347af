"""Names in a profile are looked up in the files that they stand for, as the database has them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from cchc.settings import EXPECTATIONS, SOURCES, SQL
from cchc.sources import profile_files, suite_files
from cchc.sources.profile import read_all_profiles, read_profile
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
    monkeypatch.setattr(suite_files, "EXPECTATIONS", tmp_path)
    for name in ("eoffice_response", "national_portal_statistic"):
        (tmp_path / f"{name}.json").write_bytes((EXPECTATIONS / f"{name}.json").read_bytes())
    profile = next(profile for profile in PROFILES if profile.source == "eoffice")
    wrong = profile.model_copy(update={"rows": "day", "publish": ("core.day",), "measures": "day"})
    assert [(field, text.partition(",")[0]) for field, text in check_files(wrong)] == [
        ("rows", "there is no include/expectations/eoffice_day.json"),
        ("rows", "there is no table staging.eoffice_day in include/sql/schema/"),
        ("publish[0]", "there is no include/sql/publish/core.day.sql"),
        ("measures", "there is no include/sql/measures/day.sql"),
        ("measures", "there is no include/sql/publish/dirty_date.day.sql"),
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


def copy_sql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of include/sql that the profiles are checked against."""
    shutil.copytree(SQL, tmp_path / "sql")
    monkeypatch.setattr(profile_files, "SQL", tmp_path / "sql")
    for read in (read_tables, profile_files._read_views, profile_files._read_united):
        monkeypatch.setattr(profile_files, read.__name__, read.__wrapped__)
    return tmp_path / "sql"


def test_sql_file_in_another_encoding_stops_the_profile_that_names_it_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = copy_sql(monkeypatch, tmp_path) / "measures" / "eoffice.sql"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    read = read_all_profiles()
    assert [profile.source for profile in read.good] == ["national_portal", "returns", "treasury"]
    assert str(read.rejected["eoffice"]) == (
        "eoffice.yaml, field measures: include/sql/measures/eoffice.sql is not UTF-8 at byte 0, save it as UTF-8"
    )


def test_migrations_written_otherwise_stop_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    schema = copy_sql(monkeypatch, tmp_path) / "schema"
    (schema / "0090_more.sql").write_text(
        "create unlogged table if not exists staging.more_row (\n    code text\n);\n"
        "alter table staging.more_row add column day date;\nalter table staging.made_by_a_block add column day date;\n"
        "create unlogged table staging.other (like staging.nothing including all);\n",
        encoding="utf-8",
    )
    (schema / "0091_other_encoding.sql").write_bytes("create table".encode("utf-16"))
    (schema / "._0002_ops.sql").write_bytes(b"\x00\xff")
    assert read_all_profiles().rejected == {}
    assert profile_files.read_tables()["more_row"] == {"code": "text", "day": "date"}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.source)
def test_columns_of_an_audit_view_are_those_of_the_database(warehouse: Warehouse, profile: Any) -> None:
    for table in (f"{profile.staging}_response", f"{profile.staging}_{profile.rows}"):
        found = warehouse.query(
            "select column_name from information_schema.columns where table_schema = 'staging' and table_name = %s",
            [f"{table}_audit"],
        )
        assert {column for (column,) in found} - profile_files.read_audited_columns(table) == set()
