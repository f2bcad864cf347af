"""check_files: a file, table or view that a profile needs and that is missing is a mistake with its name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from cchc.settings import EXPECTATIONS, SOURCES, SQL
from cchc.sources import profile_files, suite_files
from cchc.sources.profile import Profile, read_all_profiles, read_profile
from cchc.sources.profile_files import check_files, read_tables
from tests.conftest import Warehouse

PROFILES = [read_profile(path) for path in sorted(SOURCES.glob("*.yaml"))]
OTHER_NAMES = {"int": "integer", "text[]": "ARRAY"}


def test_staging_tables_are_read_from_the_schema_as_the_database_has_them(warehouse: Warehouse) -> None:
    found = warehouse.query(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'staging'"
    )
    columns = {(table, column): data_type for table, column, data_type in found}
    for table, found_columns in read_tables().items():
        for column, column_type in found_columns.items():
            assert columns[table, column] == OTHER_NAMES.get(column_type, column_type), (table, column)
    tables = {table for profile in PROFILES for table in profile.staging_tables}
    assert tables <= read_tables().keys()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.source)
def test_names_of_the_real_profiles_are_all_there(profile: Any) -> None:
    assert list(check_files(profile)) == []


def test_each_name_without_a_file_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(suite_files, "EXPECTATIONS", tmp_path)
    for name in ("eoffice_response", "national_portal_statistic"):
        (tmp_path / f"{name}.json").write_bytes((EXPECTATIONS / f"{name}.json").read_bytes())
    profile = next(profile for profile in PROFILES if profile.source == "eoffice")
    wrong = profile.model_copy(update={"rows": "day", "publish": ("core.day",), "measures": "day"})
    assert [(field, text.partition(",")[0]) for field, text in check_files(wrong)] == [
        ("rows", "there is no include/expectations/eoffice_day.json"),
        ("rows", "there is no table staging.eoffice_day in include/sql/schema/"),
        ("publish[0]", "there is no include/sql/publish/core.day.sql"),
        ("publish[0]", "include/sql/withdraw/rows.sql leaves out core.day"),
        ("measures", "there is no include/sql/measures/day.sql"),
        ("measures", "there is no include/sql/publish/dirty_date.day.sql"),
    ]


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"publish": ("core.disbursement",)},
         "publish[0]: include/sql/publish/core.disbursement.sql doesn't read staging.eoffice_unit_day,"),
        ({"measures": "treasury"},
         "measures: include/sql/measures/treasury.sql doesn't read core.office_unit_day, name the file that does"),
    ],
)  # fmt: skip
def test_sql_of_another_source_is_a_mistake(change: dict[str, Any], mistake: str) -> None:
    profile = next(profile for profile in PROFILES if profile.source == "eoffice")
    found = [f"{field}: {text}" for field, text in check_files(profile.model_copy(update=change))]
    assert any(line.startswith(mistake) for line in found)


def copy_sql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of include/sql that the profiles are checked against."""
    shutil.copytree(SQL, tmp_path / "sql")
    monkeypatch.setattr(profile_files, "SQL", tmp_path / "sql")
    for read in (read_tables, profile_files._read_views, profile_files._read_staged_branches):
        monkeypatch.setattr(profile_files, read.__name__, read.__wrapped__)
    return tmp_path / "sql"


def remove_branch(path: Path, table: str) -> None:
    """Take the branch of a staging table out of the views of all sources."""
    path.write_text(path.read_text(encoding="utf-8").replace(f"from staging.{table} as", "from elsewhere as"))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.source)
def test_each_missing_file_of_a_profile_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: Profile
) -> None:
    sql = copy_sql(monkeypatch, tmp_path)
    for name in (*profile.publish_files, profile.dirty_date_file, profile.measures_file):
        (sql / name).rename(sql / "aside.sql")
        assert [text for _, text in check_files(profile)] == [
            f"there is no include/sql/{name}, correct the name or write it"
        ]
        (sql / "aside.sql").rename(sql / name)
    assert list(check_files(profile)) == []


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.source)
def test_each_missing_suite_of_a_profile_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: Profile
) -> None:
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    monkeypatch.setattr(suite_files, "EXPECTATIONS", tmp_path / "expectations")
    for suite in profile.suites:
        path = tmp_path / "expectations" / f"{suite}.json"
        path.rename(tmp_path / "aside.json")
        (text,) = [text for _, text in check_files(profile)]
        assert text == f"there is no include/expectations/{suite}.json, correct the name or write it"
        (tmp_path / "aside.json").rename(path)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.source)
def test_staging_table_without_a_branch_in_the_common_views_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: Profile
) -> None:
    views = copy_sql(monkeypatch, tmp_path) / "views"
    for table in profile.staging_tables:
        text = (views / "staging.staged.sql").read_text(encoding="utf-8")
        remove_branch(views / "staging.staged.sql", table)
        assert [found for _, found in check_files(profile)] == [
            f"staging.{table} is left out of include/sql/views/staging.staged.sql, add it"
        ]
        (views / "staging.staged.sql").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.source)
def test_table_of_core_that_a_withdrawal_would_leave_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: Profile
) -> None:
    path = copy_sql(monkeypatch, tmp_path) / "withdraw" / "rows.sql"
    path.write_text("select 1;", encoding="utf-8")
    assert [text for _, text in check_files(profile)] == [
        f"include/sql/withdraw/rows.sql leaves out {table}, delete its rows there" for table in profile.publish
    ]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.source)
def test_staging_is_cleared_of_every_table_of_a_profile(warehouse: Warehouse, profile: Profile) -> None:
    """No list beside the profile's own could lack a table."""
    found = warehouse.query("select table_name from information_schema.tables where table_schema = 'staging'")
    own = {table for (table,) in found if table.startswith(f"{profile.staging}_") and not table.endswith("_audit")}
    assert own == set(profile.staging_tables)


def test_sql_file_in_another_encoding_rejects_its_profile_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = copy_sql(monkeypatch, tmp_path) / "measures" / "eoffice.sql"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    read = read_all_profiles()
    assert [profile.source for profile in read.good] == ["national_portal", "returns", "treasury"]
    assert str(read.rejected["eoffice"]) == (
        "eoffice.yaml, field measures: include/sql/measures/eoffice.sql is not UTF-8 at byte 0, save it as UTF-8"
    )


def test_migrations_in_another_form_reject_no_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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
    for table in profile.staging_tables:
        found = warehouse.query(
            "select column_name from information_schema.columns where table_schema = 'staging' and table_name = %s",
            [f"{table}_audit"],
        )
        assert {column for (column,) in found} - profile_files.read_audited_columns(table) == set()
