"""The audit: the suites of include/expectations/ run on staged loads, by Great Expectations, inside PostgreSQL.

Great Expectations counts. The rows that broke a rule come from the database with the expectation's own query, so that
the quarantine is complete however many they are. Staging the loads belongs to judgement.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from cchc.settings import EXPECTATIONS
from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.warehouse.connection import Login

log = logging.getLogger(__name__)

# COMPLETE gives the query for the rows that broke a rule; one example of the rows themselves is enough.
RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["load_id", "row_no"],
    "partial_unexpected_count": 1,
}

NO_ROWS = "select null::uuid as load_id, null::bigint as row_no where false"

# The session setting cchc.load_ids, which names the loads of an audit, has room for so many.
MAX_AUDITED_TOGETHER = 100


class AuditError(Exception):
    """A rule can't be evaluated: the load is neither good nor bad, and is not published."""


@dataclass(frozen=True)
class RuleResult:
    """The result of one rule. ``rows_query`` gives load_id and row_no of every row that broke it.

    ``checked_rows`` is None for rules that are queries of their own.
    """

    suite: str
    rule_id: str
    expectation: str
    severity: str
    checked_rows: int | None
    unexpected_rows: int
    rows_query: str


def audit(
    connection: psycopg.Connection, login: Login, profile: Profile, loads: Sequence[Load], run_id: str
) -> list[RuleResult]:
    """Audit the staged rows of ``loads`` together: writes ops.expectation_result and staging.rule_violation of each.

    Returns the results over all of them; commits. A suite costs seconds however few the rows, so that files are audited
    together. Raises AuditError where a rule can't be evaluated; the loads keep the audit that they had.
    """
    load_ids = [load.load_id for load in loads]
    named = ",".join(map(str, load_ids))
    url = login.sqlalchemy_url(**{"cchc.load_ids": named})
    results = [result for suite in profile.suites for result in run_suite(url, suite)]
    with connection.transaction():
        connection.execute("select set_config('cchc.load_ids', %s, true)", [named])
        connection.execute("delete from staging.rule_violation where load_id = any(%s)", [load_ids])
        connection.execute("delete from ops.expectation_result where load_id = any(%s)", [load_ids])
        rows = {suite: _count_rows(connection, suite, load_ids) for suite in profile.suites}
        for result in results:
            _record(connection, rows[result.suite], result, run_id)
        # Row 0 stands for the load as a whole. This one marks it as audited, also where no rule was broken.
        connection.execute(
            "insert into staging.rule_violation (load_id, row_no, rule_id, severity)"
            " select load_id, 0, 'audited', 'info' from unnest(%s::uuid[]) as l (load_id)",
            [load_ids],
        )
    label = loads[0].scope.label if len(loads) == 1 else f"{len(loads)} loads of {profile.source}"
    for result in results:
        if result.unexpected_rows:
            log.info("%s: %s %s on %d rows", label, result.severity, result.rule_id, result.unexpected_rows)
    return results


def run_suite(url: Any, name: str) -> list[RuleResult]:
    """Run one suite on its audit view through the SQLAlchemy ``url``, which names the loads; a result for each rule.

    Raises AuditError where a rule can't be evaluated.
    """
    # Its import takes seconds and its log is long: once per process, in the task that needs it.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)

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
        # Each has connections of its own, which would stay open as long as the process lives.
        warehouse.get_engine().dispose()
        warehouse.get_execution_engine().close()


def _read_result(suite: str, item: Any) -> RuleResult:
    config = item.expectation_config
    rule_id = config.meta["rule_id"]
    # Great Expectations gives one of these, or one for each metric that it can't compute.
    info = item.exception_info
    for problem in [info] if "raised_exception" in info else info.values():
        if problem["raised_exception"]:
            raise AuditError(f"suite {suite}, rule {rule_id}: {problem['exception_message']}")
    column = config.kwargs.get("column")
    if column is None:
        query = config.kwargs["unexpected_rows_query"].replace("{batch}", f"staging.{suite}_audit")
        broken = item.result["observed_value"]
    else:
        query = item.result.get("unexpected_index_query", "").rstrip("; \n")
        broken = item.result["unexpected_count"]
    return RuleResult(
        suite=suite,
        rule_id=rule_id,
        expectation=f"{config.type}({column})" if column else f"{config.type}",
        severity=str(getattr(config.severity, "value", config.severity)),
        checked_rows=item.result.get("element_count"),
        unexpected_rows=int(broken or 0),  # None where there is no row or no value to look at
        rows_query=query,
    )


def _count_rows(connection: psycopg.Connection, suite: str, load_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of rows of each load that a suite looks at."""
    query = sql.SQL("select load_id, count(*) from {} group by load_id").format(
        sql.Identifier("staging", f"{suite}_audit")
    )
    return dict.fromkeys(load_ids, 0) | dict(connection.execute(query).fetchall())


def _record(connection: psycopg.Connection, rows: Mapping[UUID, int], result: RuleResult, run_id: str) -> None:
    """Write the rows that broke a rule to staging.rule_violation, and its result for each load.

    ``rows``: the number of rows of each load.
    """
    rows_query = result.rows_query.replace("%", "%%") if result.unexpected_rows else NO_ROWS
    row_no = "0" if result.suite.endswith("_response") else "row_no"
    # The query is the suite's own or Great Expectations' for it: no value of a load is in it.
    connection.execute(
        f"with broken as (select distinct load_id, row_no from ({rows_query}) as q),"  # noqa: S608
        " judged as (insert into staging.rule_violation (load_id, row_no, rule_id, severity)"
        f" select distinct load_id, {row_no}, %(rule)s, %(severity)s from broken on conflict do nothing)"
        " insert into ops.expectation_result"
        " (load_id, suite, rule_id, expectation, severity, is_success, checked_rows, unexpected_rows, run_id)"
        " select l.load_id, %(suite)s, %(rule)s, %(expectation)s, %(severity)s, count(b.row_no) = 0,"
        " case when %(is_counted)s then l.checked end, count(b.row_no), %(run_id)s"
        " from unnest(%(load_ids)s::uuid[], %(rows)s::bigint[]) as l (load_id, checked)"
        " left join broken as b on l.load_id = b.load_id group by l.load_id, l.checked",
        {
            "suite": result.suite, "rule": result.rule_id, "expectation": result.expectation,
            "severity": result.severity, "run_id": run_id, "load_ids": list(rows), "rows": list(rows.values()),
            "is_counted": result.checked_rows is not None,
        },
    )  # fmt: skip
