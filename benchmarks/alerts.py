"""Benchmark of the evaluation of alerts: 200 agencies × (47 indicators × their variants + tasks with a due date).

Its floor is the least that its rows cost: COPY of a day's results out of the warehouse and into a temporary table, in
the same run on the same server.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.ingest import Part, run_apart, timed, write_table
from cchc.alerts.detection.evaluation import evaluate
from cchc.alerts.lifecycle import Alerting
from cchc.alerts.recipients import Recipient
from cchc.alerts.rules import load_rules
from cchc.calendar import LOCAL
from cchc.catalog import load_catalog
from cchc.catalog.holidays import read_working_days
from cchc.local.embedded import Database, open_database
from cchc.settings import ALERT_RULES, CHECKOUT
from cchc.warehouse.catalog_sync import sync_catalog
from cchc.warehouse.connection import Login, connect
from cchc.warehouse.migrations import migrate

PROVINCE = "H58"
CATALOG = CHECKOUT / "include" / "catalog"
AGENCIES = 200
HISTORY_DAYS = 90
DAY = date(2024, 9, 30)

# Every indicator and variant for the province and each agency. A hundredth of the results is missed on the last two
# days, another hundredth falls by two points and still attains, the rest moves by up to a tenth of a point.
RESULTS = """
insert into mart.indicator_attainment (
    as_of_date, plan_year, figure_year, indicator_code, variant, agency_code, numerator, denominator, value, comparator,
    target, status, gap, pace_target, pace_status, data_date, is_stale, quality_flags, coverage, run_id, computed_at
)
select
    d.day, 2024, 2024, i.indicator_code, i.variant, a.agency_code, v.value * 10, 1000, v.value, '>=', 80,
    case when v.value >= 80 then 'attained' when i.judged = 'year_end' then 'pending' else 'missed' end, v.value - 80,
    60, case when v.value >= 60 then 'on_track' else 'behind' end, d.day, false, '{}', 1, 'bench', clock_timestamp()
from (
    select distinct on (indicator_code, variant) *, row_number() over (order by indicator_code, variant) as indicator_no
    from mart.indicator
) as i
cross join (
    select 0 as agency_no, %(province)s as agency_code
    union all
    select n, %(province)s || '.X' || lpad(n::text, 3, '0') from generate_series(1, %(agencies)s) as n
) as a
cross join lateral (select %(day)s::date as day) as d
cross join lateral (select (indicator_no * 7919 + agency_no * 104729) %% 100 as draw) as r
cross join lateral (
    select round(
        case
            when draw = 0 and %(is_missed)s then 79
            when draw = 1 and %(is_last)s then 88
            else 90 + ((indicator_no * 31 + agency_no * 17 + extract(doy from d.day)::int * 13) %% 21 - 10) / 100.0
        end, 4
    ) as value
) as v
"""


# Every task with a due date is overdue for every agency.
TASKS = """
insert into mart.task_status (
    as_of_date, plan_year, task_code, agency_code, status, due_on, is_overdue, is_due_soon, run_id, computed_at
)
select %(day)s, 2024, t.task_code, %(province)s || '.X' || lpad(n::text, 3, '0'), 'no_data', t.due_on, true, false,
    'bench', clock_timestamp()
from mart.task as t
cross join generate_series(1, %(agencies)s) as n
where t.due_on is not null
"""


def main() -> int:
    """Measure and print."""
    with TemporaryDirectory(prefix="cchc-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root the database runs as another user
        with open_database(folder / "home") as database:
            results, parts = measure(database)
    write_table("alerts", f"{results:,} results a day, after {HISTORY_DAYS} days", parts)
    return 0


def measure(database: Database) -> tuple[int, list[Part]]:
    """The number of results of a day, and the parts: the floor first; the days before are evaluated at once."""
    with psycopg.connect(database.url("cchc_owner")) as connection:
        migrate(connection)
    login = Login(database.host, database.port, "cchc", "cchc_loader", database.credentials["cchc_loader"])
    with connect(login) as connection:
        sync_catalog(connection, load_catalog(CATALOG, PROVINCE))
        for number in reversed(range(1, HISTORY_DAYS)):
            write_results(connection, DAY - timedelta(days=number))
        connection.execute("analyze mart.indicator_attainment")
        connection.execute("analyze ops.changed_result")
        results = 0
        parts = [run_apart(f"evaluate {HISTORY_DAYS - 1} days at once", evaluate_day, login)]
        results = write_results(connection, DAY)
        parts.append(run_apart("evaluate the last day", evaluate_day, login))
        parts.append(run_apart("evaluate it again", evaluate_day, login))
    return results, [run_apart("floor: COPY of a day's results", copy_floor, login), *parts]


def write_results(connection: psycopg.Connection, day: date) -> int:
    """Write the results of a day; returns their number."""
    is_missed, is_last = day >= DAY - timedelta(days=1), day == DAY
    parameters = {"province": PROVINCE, "agencies": AGENCIES, "day": day, "is_missed": is_missed, "is_last": is_last}
    connection.execute(TASKS.encode(), parameters)
    return connection.execute(RESULTS.encode(), parameters).rowcount


def copy_floor(login: Login) -> None:
    """COPY the results out and in, without any evaluation or Python object."""
    with connect(login) as connection, timed(), connection.transaction():
        connection.execute("create temporary table copied (like mart.indicator_attainment) on commit drop")
        with connection.cursor().copy(
            "copy (select * from mart.indicator_attainment where as_of_date = '2024-09-30') to stdout"
        ) as copy:
            data = b"".join(copy)
        with connection.cursor().copy("copy copied from stdin") as copy:
            copy.write(data)


def evaluate_day(login: Login) -> None:
    """Evaluate as the task does, for a leader of the whole province."""
    leader = Recipient(
        id="leader", name_vi="Lãnh đạo", audience="performance", channel="email", address="leader@example.invalid",
        agencies=(PROVINCE,), with_below=True,
    )  # fmt: skip
    alerting = Alerting(PROVINCE, load_rules(ALERT_RULES), (leader,), read_working_days(CATALOG))
    now = datetime.combine(DAY + timedelta(days=1), time(5), LOCAL)
    with connect(login) as connection, timed():
        evaluate(connection, alerting, now)


if __name__ == "__main__":
    sys.exit(main())
