"""Migrations: once each, in order, never edited; on the oldest and the newest PostgreSQL that is supported."""

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

# Everything that a migration can make: relations, columns, constraints, rights, comments.
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

# A warehouse of a version before 0.1.0 has a ledger of other files.
LEDGER_OF_BEFORE = """
delete from ops.schema_migration;
insert into ops.schema_migration (file, sha256)
values ('schema/0001_schemas_and_roles.sql', ''), ('schema/0004_staging.sql', ''), ('schema/0010_alerts.sql', '');
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


def test_all_files_are_applied_to_an_empty_database_in_order(warehouse: Warehouse, owner: psycopg.Connection) -> None:
    owner.execute("drop schema staging, core, mart, ops cascade")
    applied = migrate(owner)
    schema = [name for name in applied if name.startswith("schema/")]
    assert schema == sorted(schema)
    assert len(applied) == len(list(SQL.glob("schema/*.sql"))) + len(list(SQL.glob("views/*.sql")))
    owner.commit()
    assert warehouse.query("select count(*) from ops.schema_migration") == [(len(applied),)]


def test_files_that_editors_and_other_systems_leave_behind_are_no_migrations(
    owner: psycopg.Connection, files: Path
) -> None:
    (files / "schema" / "._0002_ops.sql").write_bytes(b"\x00\x05\x16\x07")
    (files / "views" / ".#core.agency.sql").symlink_to("hoa@may-1.4711")
    assert migrate(owner) == []


def test_edited_migration_is_declined_by_name_and_nothing_is_done(
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


def test_warehouse_of_before_the_baseline_is_declined_in_one_line_that_explains_how_to_rebuild(
    warehouse: Warehouse, owner: psycopg.Connection
) -> None:
    owner.execute(LEDGER_OF_BEFORE)
    owner.commit()
    before = warehouse.query(CATALOGUE)
    with pytest.raises(MigrationError, match=r"before 0\.1\.0.*move the folder postgres.*make nightly") as declined:
        migrate(owner)
    assert "\n" not in str(declined.value)
    assert warehouse.query(CATALOGUE) == before


def test_warehouse_with_a_migration_that_the_checkout_lacks_is_declined(
    warehouse: Warehouse, owner: psycopg.Connection
) -> None:
    owner.execute("insert into ops.schema_migration (file, sha256) values ('schema/0099_later.sql', '')")
    owner.commit()
    before = warehouse.query(CATALOGUE)
    with pytest.raises(MigrationError, match=r"schema/0099_later\.sql, which include/sql/ lacks"):
        migrate(owner)
    assert warehouse.query(CATALOGUE) == before


def test_new_migration_and_edited_view_are_applied(owner: psycopg.Connection, files: Path) -> None:
    (files / "schema" / "9999_new.sql").write_text("create table core.new (id int);")
    view = files / "views" / "mart.attainment_latest.sql"
    view.write_text(view.read_text(encoding="utf-8") + "\n-- edited\n", encoding="utf-8")
    assert migrate(owner) == ["schema/9999_new.sql", "views/mart.attainment_latest.sql"]
    assert migrate(owner) == []
