"""Migrations: once each, in order, never edited; on the oldest and the newest PostgreSQL that is promised."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
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
    unit_vi, is_aspirational, judged, is_share, is_target_reported, source, reported_for, roll_up, period, levels,
    lead_agency_vi, legal_basis_vi
)
select 'H58', 2024, s, 'primary', '2024-01-01', 1, '', '', '', '', '%', false, 'year_end', true, false, s, 'agencies',
    'own', 'year_to_date', '{province}', '', ''
from unnest(array['treasury', 'returns']) as s
"""

# Reports as they were before migration 0013: a treasury export corrected in an effective date, two files of one night.
REPORTS_OF_BEFORE = """
insert into ops.load (
    load_id, source, entity, window_start, window_end, data_date, content_sha256, captured_at, status, run_id,
    started_at
)
select uuid, source, 'file', reported_on, reported_on, reported_on, sha256, captured_at, 'published', 'run', captured_at
from (values
    (
        '00000000-0000-0000-0000-000000000001'::uuid, 'treasury', date '2024-07-01', 'ff',
        timestamptz '2024-07-02 04:30+07'
    ),
    ('00000000-0000-0000-0000-000000000002', 'treasury', '2024-07-02', '0a', '2024-07-03 04:30+07'),
    ('00000000-0000-0000-0000-000000000003', 'returns', '2024-07-02', 'ff', '2024-07-03 04:30:01+07'),
    ('00000000-0000-0000-0000-000000000004', 'returns', '2024-07-02', '0a', '2024-07-03 04:30:02+07')
) as t (uuid, source, reported_on, sha256, captured_at);

insert into core.disbursement (
    source, budget_year, closed_on, project_code, fund_code, plan_kind, is_carried_over, effective_on, plan_vnd,
    carried_over_vnd, completed_vnd, advance_vnd, received_unit_vnd, reported_on, content_sha256, load_id
)
select 'treasury', 2024, '2024-06-30', project, '41', 'TTG', false, effective_on, 50, 0, 25, 0, 1, reported_on, sha256,
    ('00000000-0000-0000-0000-00000000000' || load)::uuid
from (values
    ('7000001', date '2024-01-01', date '2024-07-01', 'ff', 1),
    ('7000001', '2024-02-01', '2024-07-02', '0a', 2),
    ('7000002', '2024-01-01', '2024-07-02', '0a', 1)
) as t (project, effective_on, reported_on, sha256, load);

insert into core.return_value (
    load_id, row_no, source, indicator_code, agency_code, period, period_start, period_end, numerator, reported_on,
    content_sha256
)
select ('00000000-0000-0000-0000-00000000000' || load)::uuid, 1, 'returns', 'II.2-2', 'H58.31', '2024-Q1', '2024-01-01',
    '2024-03-31', 1, '2024-07-02', sha256
from (values (3, 'ff'), (4, '0a')) as t (load, sha256);

insert into core.task_report (
    load_id, row_no, source, plan_year, task_code, agency_code, status, done_on, reported_on, content_sha256
)
select ('00000000-0000-0000-0000-00000000000' || load)::uuid, 2, 'returns', 2024, 'PL.I.1', 'H58.31', 'done',
    '2024-05-01', '2024-07-02', sha256
from (values (3, 'ff'), (4, '0a')) as t (load, sha256);
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


def test_files_that_editors_and_other_systems_leave_behind_are_no_migrations(
    owner: psycopg.Connection, files: Path
) -> None:
    (files / "schema" / "._0002_ops.sql").write_bytes(b"\x00\x05\x16\x07")
    (files / "views" / ".#core.agency.sql").symlink_to("hoa@may-1.4711")
    assert migrate(owner) == []


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


def test_reports_that_are_there_are_ordered_by_their_capture_and_replaced_rows_go(
    warehouse: Warehouse, owner: psycopg.Connection, files: Path, tmp_path: Path
) -> None:
    owner.execute("drop schema staging, core, mart, ops cascade")
    later = [files / "views", *(path for path in (files / "schema").iterdir() if path.name >= "0013")]
    for path in later:
        path.rename(tmp_path / path.name)
    migrate(owner)
    owner.execute(REPORTS_OF_BEFORE)
    for path in later:
        (tmp_path / path.name).rename(path)
    assert "schema/0013_modified_at.sql" in migrate(owner)
    owner.commit()
    assert warehouse.query(
        "select project_code, effective_on, reported_on, modified_at from core.disbursement order by 1"
    ) == [
        ("7000001", date(2024, 2, 1), date(2024, 7, 2), datetime(2024, 7, 2, 21, 30, tzinfo=UTC)),
        ("7000002", date(2024, 1, 1), date(2024, 7, 2), datetime(2024, 7, 2, 21, 30, tzinfo=UTC)),
    ]
    newest_first = "order by reported_on desc, modified_at desc, content_sha256 desc limit 1"
    for table in ("core.return_value", "core.task_report"):
        assert warehouse.query(f"select content_sha256 from {table} {newest_first}") == [("0a",)]
    assert warehouse.query("select source, data_date from ops.dirty_date order by 1, 2") == [
        ("returns", date(2024, 3, 31)),
        ("returns", date(2024, 5, 1)),
        ("treasury", date(2024, 6, 30)),
    ]


def test_new_migration_and_edited_view_are_taken_in(owner: psycopg.Connection, files: Path) -> None:
    (files / "schema" / "9999_new.sql").write_text("create table core.new (id int);")
    view = files / "views" / "mart.attainment_latest.sql"
    view.write_text(view.read_text(encoding="utf-8") + "\n-- edited\n", encoding="utf-8")
    assert migrate(owner) == ["schema/9999_new.sql", "views/mart.attainment_latest.sql"]
    assert migrate(owner) == []
