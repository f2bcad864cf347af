"""Withdrawal of a day that was computed by a mistyped year: the warehouse is as before."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import openpyxl
import psycopg
import pytest

from cchc.local import LocalError
from cchc.local.withdraw import withdraw_day
from simulator.server import run_simulator
from tests.runs.conftest import ALL_WELL, Installation, choose_hour
from tests.spreadsheets.hostile_workbooks import GOOD_ROW, HEADINGS, save, write_workbook
from tests.spreadsheets.sent_workbooks import TASK_HEADINGS

pytestmark = pytest.mark.timeout(900)

FIRST, SECOND = date(2024, 4, 8), date(2024, 4, 9)
MISTYPED = date(2025, 4, 9)  # a year too far
AFTER_IT = "2025-04-10T08:00:00+07:00"
TASK = ("PL.I.1", "H58.31", "hoàn thành", "01/03/2024", "12/BC-UBND")
RECIPIENTS = """
recipients:
  - {id: operators, name_vi: Vận hành, audience: operators, channel: email, address: operators@example.invalid}
  - {id: leaders, name_vi: Lãnh đạo, audience: performance, channel: email, address: leaders@example.invalid,
     agencies: [H58], with_below: true}
"""
NEWEST = """
select (select max(as_of_date) from mart.attainment_latest), (select max(as_of_date) from mart.data_freshness),
    (select max(as_of_date) from ops.attainment_run), (select max(data_date) from ops.load)
"""
OPEN_ALERTS = "select alert_id, kind, status from ops.alert where status <> 'resolved' order by alert_id"
DONE = """
select agency_code from mart.task_status where as_of_date = %s and task_code = 'PL.I.1' and done_on = '2024-03-01'
"""
WAITING = "select recipient, step from ops.notification inner join ops.alert_step using (step_id) where as_of_date = %s"


@contextmanager
def living_at(installation: Installation, now: str) -> Iterator[None]:
    """The environment of the installation at a time, in this process."""
    before = dict(os.environ)
    os.environ.update({**installation.environment, "CCHC_NOW": now})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def withdraw(installation: Installation, day: date, *, killed_after: str = "") -> list[str]:
    """The command's lines, by the clock of the morning after FIRST; ``killed_after``: the line after which it stops."""
    now = choose_hour(FIRST) + timedelta(hours=4)
    with (
        living_at(installation, now.isoformat()),
        psycopg.connect(installation.url, autocommit=True) as connection,
    ):
        output = []
        for line in withdraw_day(connection, day):
            output.append(line)
            if killed_after and killed_after in line:
                break
        return output


def put_files(inbox):
    """Put files into the inbox after the first run: values, a task done before it, and the treasury's export again."""
    (inbox / "H58.31").mkdir(parents=True, exist_ok=True)
    workbook = openpyxl.load_workbook(io.BytesIO(write_workbook([HEADINGS, GOOD_ROW])))
    tasks = workbook.create_sheet("NhiemVu")
    for row in (TASK_HEADINGS, TASK):
        tasks.append(row)
    (inbox / "H58.31" / "bc.xlsx").write_bytes(save(workbook))
    (export,) = inbox.glob("H58.04/giai-ngan-2024-03.csv")
    (inbox / "H58.04" / "gui-lai.csv").write_bytes(export.read_bytes() + b"\n")


def run(installation, simulator, day, now=None):
    """Run ``day`` with the sources' clock on the next morning; ``now``: another present time."""
    simulator.set_clock(choose_hour(min(day, SECOND)))
    installation.environment["CCHC_NOW"] = now or (choose_hour(day) + timedelta(hours=1)).isoformat()
    return installation.run_day(day)


def test_withdrawal_leaves_the_warehouse_as_before_a_mistyped_day(installation, tmp_path):
    recipients = tmp_path / "recipients.yaml"
    recipients.write_text(RECIPIENTS, encoding="utf-8")
    installation.environment["CCHC_RECIPIENTS"] = str(recipients)
    hour = choose_hour(FIRST)
    with run_simulator(dossiers_per_year=20_000, units=2, inbox=installation.inbox, now=hour) as simulator:
        installation.connect_portal(simulator.base_url, simulator.root_department_id)
        installation.connect_records(simulator)
        assert run(installation, simulator, FIRST) == ALL_WELL
        before, alerts = installation.checksum(), installation.query(OPEN_ALERTS)
        assert installation.query(NEWEST) == [(FIRST,) * 4]

        put_files(installation.inbox)
        assert run(installation, simulator, MISTYPED, AFTER_IT)["attainment"] == "success"
        assert installation.query(NEWEST) == [(MISTYPED,) * 4]
        assert installation.query(OPEN_ALERTS) != alerts
        assert installation.query(WAITING, MISTYPED)
        # A day before the mistyped one has what its file says: a task that was done by then.
        assert installation.query(DONE, FIRST) == [("H58.31",)]
        for table in ("office_unit_day", "disbursement"):
            assert installation.query(f"select count(*) from core.{table} where reported_on = %s", MISTYPED) > [(0,)]

        first = withdraw(installation, MISTYPED, killed_after="is withdrawn")
        assert first[0] == "2 files of the inbox are filed under 2024-04-09: the run for that day takes them again"
        assert first[1].startswith(f"{MISTYPED} is withdrawn: 4579 results")
        assert installation.checksum() != before
        output = withdraw(installation, MISTYPED)  # the same command again ends what a killed one has begun
        assert any("loads that it had overwritten are loaded again from the archive" in line for line in output)
        assert output[-1] == f"The newest day is {FIRST}."
        assert installation.checksum() == before
        assert installation.query(NEWEST) == [(FIRST,) * 4]
        assert installation.query(OPEN_ALERTS) == alerts
        assert installation.query(WAITING, MISTYPED) == []
        with pytest.raises(LocalError, match=f"there is nothing to withdraw, the newest days are {FIRST}"):
            withdraw(installation, MISTYPED)
        assert installation.checksum() == before

        # The next run loads the files again, and corrections of the sources count.
        assert run(installation, simulator, SECOND) == ALL_WELL
        assert installation.query(NEWEST) == [(SECOND,) * 4]
        figures = installation.query("select reported_on from core.return_value where evidence = %s", GOOD_ROW[5])
        assert figures == [(SECOND,)]
        assert installation.query("select max(reported_on) from core.office_unit_day") == [(SECOND,)]
        assert installation.query("select max(reported_on) from core.disbursement") == [(SECOND,)]
        assert installation.query("select count(*) from ops.load where status = 'failed'") == [(0,)]


def test_proper_day_that_is_withdrawn_keeps_its_loads_and_is_computed_again(installation, portal):
    installation.connect_portal(portal.base_url, portal.root_department_id)
    for day in (FIRST, SECOND):
        portal.set_clock(choose_hour(day))
        installation.run_day(day)
    loads, before = installation.query("select count(*) from ops.load"), installation.checksum()
    with living_at(installation, "2024-04-10T08:00:00+07:00"), psycopg.connect(installation.url, autocommit=True) as c:
        output = "\n".join(withdraw_day(c, SECOND))
    assert f"what was loaded for it stays: make nightly DATE={SECOND} computes it again" in output
    assert installation.query("select max(as_of_date) from mart.indicator_attainment") == [(FIRST,)]
    assert installation.query("select count(*) from ops.load") == loads
    asked = len(portal.requests())
    installation.run_day(SECOND)
    assert installation.checksum() == before
    assert len(portal.requests()) == asked
