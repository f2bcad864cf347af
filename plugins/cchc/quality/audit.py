"""The audit: suites of include/expectations/ on one staged load, by Great Expectations, inside PostgreSQL.

Great Expectations counts; which rows broke a rule is asked of the database with the expectation's own query, so that
the quarantine is complete however many there are.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from typing import Any

import psycopg

from cchc.settings import EXPECTATIONS
from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.warehouse.connection import Login

log = logging.getLogger(__name__)

ENTITIES = ("response", "statistic")

# COMPLETE tells the query for the rows that broke a rule; of the rows themselves one example is enough.
RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["row_no"],
    "partial_unexpected_count": 1,
}


class AuditError(Exception):
    """A rule could not be evaluated: the load is neither good nor bad, and is not published."""


@dataclass(frozen=True)
class Result:
    """What one rule said. ``rows_query`` gives the row_no of every row that broke it."""

    suite: str
    rule_id: str
    expectation: str
    severity: str
    checked_rows: int | None
    unexpected_rows: int
    rows_query: str


def audit(connection: psycopg.Connection, login: Login, profile: Profile, load: Load, run_id: str) -> list[Result]:
    """Judge the staged rows of ``load``: writes ops.expectation_result and staging.verdict; returns the results."""
    results = [
        result
        for entity in ENTITIES
        for result in _run_suite(login.sqlalchemy_url(**{"cchc.load_id": str(load.load_id)}), profile, entity)
    ]
    with connection.transaction():
        connection.execute("select set_config('cchc.load_id', %s, true)", [str(load.load_id)])
        connection.execute("delete from staging.verdict where load_id = %s", [load.load_id])
        connection.execute("delete from ops.expectation_result where load_id = %s", [load.load_id])
        for result in results:
            _record(connection, load, result, run_id)
        # Row 0 is the load as a whole; this verdict says that it has been audited.
        connection.execute(
            "insert into staging.verdict (load_id, row_no, rule_id, severity) values (%s, 0, 'audited', 'info')",
            [load.load_id],
        )
    for result in results:
        if result.unexpected_rows:
            log.info("%s: %s %s on %d rows", load.window.name, result.severity, result.rule_id, result.unexpected_rows)
    return results


def is_audited(connection: psycopg.Connection, load: Load) -> bool:
    """Whether the load's verdicts are there: unlogged tables lose them when the database crashes."""
    row = connection.execute(
        "select exists (select from staging.verdict where load_id = %s and row_no = 0 and rule_id = 'audited')",
        [load.load_id],
    ).fetchone()
    return bool(row and row[0])


def _run_suite(url: Any, profile: Profile, entity: str) -> list[Result]:
    # It takes seconds to import and talks a lot: once per process, in the task that needs it.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)

    name = f"{profile.staging}_{entity}"
    suite = json.loads((EXPECTATIONS / f"{name}.json").read_text(encoding="utf-8"))
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    warehouse = context.data_sources.add_postgres(
        "warehouse", connection_string=url.render_as_string(hide_password=False)
    )
    try:
        table = warehouse.add_table_asset(name, table_name=f"{name}_audit", schema_name="staging")
        batch = table.add_batch_definition_whole_table("load")
        rules = context.suites.add(gx.ExpectationSuite(**suite))
        check = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=rules))
        outcome = check.run(result_format=RESULT_FORMAT)
        return [_read_result(name, item) for item in outcome.results]
    finally:
        warehouse.get_engine().dispose()


def _read_result(suite: str, item: Any) -> Result:
    config = item.expectation_config
    rule_id = config.meta["rule_id"]
    # Great Expectations gives one of these, or one for each metric that it could not compute.
    told = item.exception_info if "raised_exception" in item.exception_info else item.exception_info.values()
    for problem in [told] if isinstance(told, dict) else told:
        if problem["raised_exception"]:
            raise AuditError(f"suite {suite}, rule {rule_id}: {problem['exception_message']}")
    column = config.kwargs.get("column")
    if column is None:
        query = config.kwargs["unexpected_rows_query"].replace("{batch}", f"staging.{suite}_audit")
        broken = item.result["observed_value"]
    else:
        query = item.result.get("unexpected_index_query", "").rstrip("; \n")
        broken = item.result["unexpected_count"]
    return Result(
        suite=suite,
        rule_id=rule_id,
        expectation=f"{config.type}({column})" if column else f"{config.type}",
        severity=str(getattr(config.severity, "value", config.severity)),
        checked_rows=item.result.get("element_count"),
        unexpected_rows=int(broken or 0),  # None where there is no row or no value to look at
        rows_query=query,
    )


def _record(connection: psycopg.Connection, load: Load, result: Result, run_id: str) -> None:
    connection.execute(
        "insert into ops.expectation_result"
        " (load_id, suite, rule_id, expectation, severity, is_success, checked_rows, unexpected_rows, run_id)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            load.load_id, result.suite, result.rule_id, result.expectation, result.severity,
            result.unexpected_rows == 0, result.checked_rows, result.unexpected_rows, run_id,
        ],
    )  # fmt: skip
    if not result.unexpected_rows:
        return
    whole = result.suite.endswith("_response")
    rows_query = result.rows_query.replace("%", "%%")
    # The query is the suite's own or Great Expectations' for it: no value of the load is in it.
    connection.execute(
        "insert into staging.verdict (load_id, row_no, rule_id, severity)"  # noqa: S608
        f" select distinct %s::uuid, {'0' if whole else 'broken.row_no'}, %s, %s from ({rows_query}) as broken"
        " on conflict do nothing",
        [load.load_id, result.rule_id, result.severity],
    )
