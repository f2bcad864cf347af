"""Migrations: once each, in order, never edited; on the oldest and the newest PostgreSQL that is promised."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cchc.settings import SQL
from cchc.warehouse import migrations
from cchc.warehouse.migrations import MigrationError, migrate
from tests.conftest import Warehouse

pytestmark = pytest.mark.parametrize("cluster", [16, 18], indirect=True)

# Everything that a migration could have made: relations, columns, constraints, rights, comments.
CATALOGUE = """
select 'relation', oid::regclass::text, relkind::text, relacl::text from pg_class
where relnamespace in (select oid from pg_namespace where nspname in ('staging', 'core', 'mart', 'ops'))
union all select 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod)
from pg_attribute where attnum > 0
union all select 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) from pg_constraint
union all select 'comment', objoid::text, objsubid::text, description from pg_description
union all select 'file', file, sha256, applied_at::text from ops.schema_migration
order by 1, 2, 3, 4
"""

# Entries as they were before migration 0012.
PLAN_OF_BEFORE = """
insert into mart.indicator (
    province_code, plan_year, indicator_code, variant, valid_from, ordinal, clause, wording_vi, name_vi, short_name_vi,
    unit_vi, is_aspirational, judged, is_share, is_target_reported, source, figures_for, roll_up, period, levels,
    lead_agency_vi, legal_basis_vi
)
select 'H58', 2024, s, 'primary', '2024-01-01', 1, '', '', '', '', '%', false, 'year_end', true, false, s, 'agencies',
    'own', 'year_to_date', '{province}', '', ''
from unnest(array['treasury', 'returns']) as s
"""


@pytest.fixture
def owner(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.url("cchc_owner")) as connection:
        yield connection


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of include/sql that migrations are read from."""
    copy = tmp_path / "sql"
    shutil.copytree(SQL, copy)
    monkeypatch.setattr(migrations, "SQL", copy)
    return copy


def test_second_time_changes_nothing(warehouse: Warehouse, owner: psycopg.Connection) -> None:
    before = warehouse.query(CATALOGUE)
    assert migrate(owner) == []
    owner.commit()
    assert warehouse.query(CATALOGUE) == before


def test_all_of_it_goes_into_an_empty_database_in_order(warehouse: Warehouse, owner: psycopg.Connection) -> None:
    owner.execute("drop schema staging, core, mart, ops cascade")
    applied = migrate(owner)
    schema = [name for name in applied if name.startswith("schema/")]
    assert schema == sorted(schema)
    assert len(applied) == len(list(SQL.glob("schema/*.sql"))) + len(list(SQL.glob("views/*.sql")))
    owner.commit()
    assert warehouse.query("select count(*) from ops.schema_migration") == [(len(applied),)]


def test_edited_migration_is_refused_by_name_and_nothing_is_done(
    warehouse: Warehouse, owner: psycopg.Connection, files: Path
) -> None:
    before = warehouse.query(CATALOGUE)
    edited = files / "schema" / "0002_ops.sql"
    edited.write_text(edited.read_text(encoding="utf-8") + "\n-- harmless\n", encoding="utf-8")
    (files / "schema" / "0001a_new.sql").write_text("create table core.made_on_the_way (id int);")
    with pytest.raises(MigrationError, match=r"schema/0002_ops\.sql"):
        migrate(owner)
    assert warehouse.query(CATALOGUE) == before


def test_migration_that_fails_leaves_nothing_of_the_others(
    warehouse: Warehouse, owner: psycopg.Connection, files: Path
) -> None:
    before = warehouse.query(CATALOGUE)
    (files / "schema" / "9998_good.sql").write_text("create table core.good (id int);")
    (files / "schema" / "9999_bad.sql").write_text("create table core.bad (id nonsense);")
    with pytest.raises(MigrationError, match=r"schema/9999_bad\.sql"):
        migrate(owner)
    assert warehouse.query(CATALOGUE) == before


def test_counts_are_added_to_a_plan_that_is_there(
    warehouse: Warehouse, owner: psycopg.Connection, files: Path, tmp_path: Path
) -> None:
    owner.execute("drop schema staging, core, mart, ops cascade")
    later = [files / "views", *(path for path in (files / "schema").iterdir() if path.name >= "0012")]
    for path in later:
        path.rename(tmp_path / path.name)
    migrate(owner)
    owner.execute(PLAN_OF_BEFORE)
    for path in later:
        (tmp_path / path.name).rename(path)
    assert "schema/0012_counts.sql" in migrate(owner)
    owner.commit()
    rows = "select source, counts, may_exceed_100 from mart.indicator order by source"
    assert warehouse.query(rows) == [("returns", "whole", False), ("treasury", "amount", True)]
    assert warehouse.query("select count(*) from mart.attainment_latest") == [(0,)]


def test_new_migration_and_edited_view_are_taken_in(owner: psycopg.Connection, files: Path) -> None:
    (files / "schema" / "9999_new.sql").write_text("create table core.new (id int);")
    view = files / "views" / "mart.attainment_latest.sql"
    view.write_text(view.read_text(encoding="utf-8") + "\n-- edited\n", encoding="utf-8")
    assert migrate(owner) == ["schema/9999_new.sql", "views/mart.attainment_latest.sql"]
    assert migrate(owner) == []
