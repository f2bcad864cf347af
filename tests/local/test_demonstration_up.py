"""The whole Airflow of a demonstration: another release takes it over, its runs are at its clock."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cchc.local.processes import find_members
from tests.local.airflow_up import ENDED, Api, Commands, read_sessions

MARK = {"seed": 1, "dossiers_per_year": 100_000, "now": "2025-01-01T05:30:00+07:00"}
NEWEST_AND_OPEN = """
select max(as_of_date) as newest,
    (select array_agg((kind, subject, status) order by kind, subject) from ops.alert where status <> 'resolved') as open
from mart.indicator_attainment
"""


@pytest.mark.timeout(600)
def test_demonstration_stays_one_when_airflow_comes_up(home: Path) -> None:
    home.mkdir()
    (home / "demonstration.json").write_text(json.dumps(MARK))
    commands = Commands(home)
    assert "is no day" in commands.run("nightly", "2024-12-32", "", code=1)
    for day in ("2024-12-20", "2024-12-31"):
        commands.run("nightly", day, "treasury", CCHC_NOW="2025-01-01T05:45:00+07:00")
    before = read_state(commands)
    assert before[1].splitlines()[-1].startswith("2024-12-31,")

    assert "AIRFLOW_CONN_EOFFICE names a real source" in commands.run("up", code=1, AIRFLOW_CONN_EOFFICE="{}")
    printed = commands.run("up")
    try:
        assert "simulated province, its clock stands at 2025-01-01 05:45: the newest day is 2024-12-31" in printed
        Api(printed).pause_alerts()
        assert commands.run("up") == printed
        older = read_sessions(home)
        pretend_older_release(home)
        printed = commands.run("up")
        assert find_members(older) == {}
        api = Api(printed)
        api.set_paused("alerts", is_paused=False)
        scheduled = {dag["dag_id"] for dag in api.get("dags")["dags"] if dag["next_dagrun_run_after"]}
        assert scheduled == {"alerts"}
        assert api.run("ingest_treasury", date="2024-12-31") == "success"  # from the archive
        shutil.rmtree(home / "archive" / "treasury" / "H58" / "2024-12-20")
        assert api.run("ingest_treasury", date="2024-12-20") == "success"  # asked of the simulator
        assert (home / "archive" / "treasury" / "H58" / "2024-12-20").exists()
        assert api.run("attainment") == "success"
        api.wait_until_idle()
        ran = [task for task in api.list_tasks() if task["state"] in ENDED and task["try_number"]]
        assert {task["dag_id"] for task in ran} == {"alerts", "attainment", "ingest_treasury"}
        assert [task for task in ran if task["try_number"] > 1] == []
        for task in ran:
            check_log(task, api.read_log(task))
        assert "BAD" not in commands.run("check", "treasury")
    finally:
        commands.run("down")
    assert read_state(commands) == before


def pretend_older_release(home: Path) -> None:
    """As after `git checkout` of another release: `make up` finds services that an older one noted, with no release."""
    port, *rest = (home / "services").read_text().split(maxsplit=1)
    sessions = rest[0].splitlines()[1:]
    (home / "services").write_text("\n".join([port, *sessions, ""]))


def check_log(task: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """The log of a task is there, without an error, and without a warning but of skipped sources and seeded faults."""
    assert len(lines) > 3, task
    loud = [line for line in lines if line.get("level") in ("warning", "error", "critical")]
    expected = ("nothing has come yet", "giai-ngan-2024-08.xlsx, describing 2024-12-20: stopped by")
    assert [line for line in loud if not any(words in line["event"] for words in expected)] == [], task


def read_state(commands: Commands) -> tuple[str, str]:
    """The checksum; newest day and open alerts."""
    return commands.run("checksum"), commands.run("sql", NEWEST_AND_OPEN)
