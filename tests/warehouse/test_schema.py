"""The grammar of names and the public names, in a migrated warehouse."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Warehouse

SCHEMAS = "('staging', 'core', 'mart', 'ops')"
COLUMNS = f"""
select c.table_schema || '.' || c.table_name, c.column_name, c.data_type, c.udt_name
from information_schema.columns as c where c.table_schema in {SCHEMAS}
"""

# Names that users rely on: column → type.
PUBLIC = {
    "mart.indicator_attainment": {
        "as_of_date": "date", "plan_year": "integer", "figure_year": "integer", "indicator_code": "text",
        "variant": "text", "agency_code": "text", "province_code": "text", "numerator": "numeric",
        "denominator": "numeric", "value": "numeric",
        "comparator": "text", "target": "numeric", "status": "text", "gap": "numeric",
        "pace_target": "numeric", "pace_status": "text", "data_date": "date", "is_stale": "boolean",
        "quality_flags": "text[]", "coverage": "numeric", "run_id": "text", "computed_at": "timestamptz",
    },
    "mart.attainment_latest": {
        "as_of_date": "date", "indicator_code": "text", "agency_code": "text", "value": "numeric", "status": "text",
        "indicator_name_vi": "text", "agency_name_vi": "text", "unit_vi": "text", "lead_agency_vi": "text",
    },
    "mart.measure": {
        "day": "date", "period": "text", "measure_code": "text", "agency_code": "text", "value": "numeric",
        "data_date": "date", "load_id": "uuid",
    },
    "mart.indicator": {
        "plan_year": "integer", "indicator_code": "text", "variant": "text", "clause": "text", "wording_vi": "text",
        "lead_agency_vi": "text", "target": "numeric", "comparator": "text", "valid_from": "date", "valid_to": "date",
        "counts": "text", "may_exceed_100": "boolean",
    },
    "core.agency": {
        "agency_code": "text", "valid_from": "date", "valid_to": "date", "name_vi": "text", "level": "text",
        "parent_code": "text",
    },
    "ops.load": {
        "load_id": "uuid", "source": "text", "entity": "text", "window_start": "date", "window_end": "date",
        "content_sha256": "text", "status": "text", "received_rows": "bigint", "accepted_rows": "bigint",
        "quarantined_rows": "bigint", "changed_rows": "bigint", "archive_uri": "text", "captured_at": "timestamptz",
        "run_id": "text", "started_at": "timestamptz", "finished_at": "timestamptz",
    },
    "ops.expectation_result": {
        "load_id": "uuid", "suite": "text", "rule_id": "text", "severity": "text", "is_success": "boolean",
        "unexpected_rows": "bigint", "run_id": "text", "checked_at": "timestamptz",
    },
    "ops.quarantine": {
        "load_id": "uuid", "source": "text", "entity": "text", "row_key": "text", "payload": "jsonb", "rules": "text[]",
        "first_seen_at": "timestamptz", "last_seen_at": "timestamptz", "resolved_at": "timestamptz",
        "resolved_by_load_id": "uuid",
    },
    "ops.alert": {
        "alert_id": "uuid", "kind": "text", "severity": "text", "audience": "text", "status": "text",
        "plan_year": "integer", "indicator_code": "text", "variant": "text", "agency_code": "text", "task_code": "text",
        "source": "text", "began_on": "date", "as_of_date": "date", "is_notified": "boolean",
        "suppressed_reason": "text",
        "facts": "jsonb", "opened_at": "timestamptz", "acknowledged_by": "text", "acknowledged_until": "date",
        "acknowledged_why": "text", "snoozed_until": "date", "escalated_at": "timestamptz", "resolved_on": "date",
        "resolved_at": "timestamptz", "resolution": "text",
    },
    "ops.changed_result": {
        "change_id": "bigint", "as_of_date": "date", "plan_year": "integer", "indicator_code": "text",
        "variant": "text", "agency_code": "text", "change": "text", "run_id": "text", "changed_at": "timestamptz",
    },
}  # fmt: skip


@pytest.fixture
def columns(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """Relation → column → type, of tables and views."""
    found: dict[str, dict[str, str]] = {}
    for relation, column, data_type, udt_name in warehouse.query(COLUMNS):
        short = {"timestamp with time zone": "timestamptz", "ARRAY": f"{udt_name[1:]}[]"}.get(data_type, data_type)
        found.setdefault(relation, {})[column] = short
    return found


@pytest.mark.parametrize("relation", PUBLIC)
def test_public_names_are_there_with_their_types(columns: dict[str, dict[str, str]], relation: str) -> None:
    assert PUBLIC[relation].items() <= columns[relation].items()


def test_attainment_has_no_column_that_is_not_promised(columns: dict[str, dict[str, str]]) -> None:
    assert columns["mart.indicator_attainment"] == PUBLIC["mart.indicator_attainment"]


COMMENTS = f"""
select nspname::text, obj_description(oid, 'pg_namespace') from pg_namespace where nspname in {SCHEMAS}
union all
select c.oid::regclass::text, obj_description(c.oid, 'pg_class') from pg_class as c
where c.relnamespace::regnamespace::text in {SCHEMAS} and c.relkind in ('r', 'p', 'v', 'm', 'f')
union all
select c.oid::regclass::text || '.' || a.attname, col_description(c.oid, a.attnum) from pg_class as c
inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace::regnamespace::text in {SCHEMAS} and c.relkind in ('r', 'p', 'v', 'm', 'f')
union all
select p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc') from pg_proc as p
where p.pronamespace::regnamespace::text in {SCHEMAS}
order by 1
"""


def test_every_schema_table_column_and_function_has_a_comment_of_at_least_three_words(warehouse: Warehouse) -> None:
    comments = warehouse.query(COMMENTS)
    assert len(comments) > 500
    assert [name for name, comment in comments if len((comment or "").split()) < 3] == []


def test_names_follow_the_grammar(columns: dict[str, dict[str, str]]) -> None:
    wrong = []
    for relation, types in columns.items():
        for column, data_type in types.items():
            name = f"{relation}.{column} {data_type}"
            if not re.fullmatch(r"[a-z][a-z0-9_]*", column) or not re.fullmatch(r"[a-z]+\.[a-z][a-z0-9_]*", relation):
                wrong.append(name)
            if column.endswith("_at") is not (data_type == "timestamptz"):
                wrong.append(name)
            if column.endswith(("_on", "_date")) and data_type != "date":
                wrong.append(name)
            if bool(re.search(r"(^|_)(is|has|may)_", column)) is not (data_type == "boolean"):
                wrong.append(name)
            if column.endswith("_code") and data_type not in ("text", "boolean"):
                wrong.append(name)
    assert wrong == []


def test_nothing_is_floating_point_and_no_time_is_without_zone(columns: dict[str, dict[str, str]]) -> None:
    types = {data_type for named in columns.values() for data_type in named.values()}
    assert types & {"real", "double precision", "money", "timestamp without time zone"} == set()


def test_staging_is_unlogged_and_keyed_by_load_and_nothing_else_is(warehouse: Warehouse) -> None:
    rows = warehouse.query(f"""
        select c.relnamespace::regnamespace::text, c.oid::regclass::text, c.relpersistence::text from pg_class as c
        where c.relnamespace::regnamespace::text in {SCHEMAS} and c.relkind = 'r'
    """)
    assert {(schema == "staging", persistence == "u") for schema, _, persistence in rows} == {
        (True, True),
        (False, False),
    }
