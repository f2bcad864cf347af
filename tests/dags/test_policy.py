"""The rules that every DAG of cchc keeps."""

from __future__ import annotations

import ast
import os
import runpy
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pendulum
import pytest
from airflow.sdk import DeadlineReference
from airflow.sdk.definitions.mappedoperator import MappedOperator

from cchc.alerts.rules import load_rules
from cchc.calendar import LOCAL
from cchc.mistake import Mistake
from cchc.settings import ALERT_RULES, CHECKOUT, SOURCES
from cchc.sources.profile import ProfileError, ProfilesRead, read_all_profiles
from cchc.tasks.operations import check_and_deliver, report_failed_run, report_successful_run
from cchc.tasks.policy import RETRY_POLICY, run_daily

TAGS = {"cchc", "ingest", "attainment", "alerts"}


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    """All DAGs, from an Airflow without a database."""
    before = dict(os.environ)
    os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(CHECKOUT / "plugins")
    os.environ.setdefault("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
    from airflow.dag_processing.dagbag import DagBag  # Airflow reads its environment at its import

    yield DagBag(str(CHECKOUT / "dags"))
    os.environ.clear()
    os.environ.update(before)


def test_all_files_import_and_there_is_a_dag_for_each_source(bag):
    assert bag.import_errors == {}
    ingests = {f"ingest_{path.stem}" for path in SOURCES.glob("*.yaml")}
    assert set(bag.dags) == ingests | {"attainment", "attainment_late", "alerts"}


def test_source_with_a_rejected_profile_has_a_dag_of_one_task_beside_the_others(monkeypatch):
    error = ProfileError([Mistake("bad.yaml", "", "owner", "is missing, add it")])
    good = read_all_profiles().good
    read = ProfilesRead(good, {"Cổng mới": error, "bad": error})
    monkeypatch.setattr("cchc.sources.profile.read_all_profiles", lambda: read)
    made = runpy.run_path(str(CHECKOUT / "dags" / "ingest.py"))
    dags = {name: dag for name, dag in made.items() if name.startswith("ingest_")}
    assert set(dags) == {f"ingest_{profile.source}" for profile in good} | {"ingest_bad", "ingest_C-ng-m-i"}
    for name in ("ingest_bad", "ingest_C-ng-m-i"):
        (task,) = dags[name].tasks
        assert task.task_id == "read_profile"
        assert list(task.on_failure_callback) == [report_failed_run]
        assert dags[name].on_failure_callback is report_failed_run
        assert set(dags[name].tags) <= TAGS
        assert dags[name].timetable.expression == "30 4 * * *"


def test_rejected_copy_takes_no_name_of_a_good_source_and_a_long_one_no_dag_away(monkeypatch):
    error = ProfileError([Mistake("bad.yaml", "", "owner", "is missing, add it")])
    eoffice = next(profile for profile in read_all_profiles().good if profile.source == "eoffice")
    good = (eoffice, eoffice.model_copy(update={"source": "eoffice__1_"}))
    read = ProfilesRead(good, {"eoffice (1)": error, "x" * 250: error})
    monkeypatch.setattr("cchc.sources.profile.read_all_profiles", lambda: read)
    made = runpy.run_path(str(CHECKOUT / "dags" / "ingest.py"))
    dags = {name: len(dag.tasks) > 1 for name, dag in made.items() if name.startswith("ingest_")}
    assert dags == {
        "ingest_eoffice": True, "ingest_eoffice__1_": True, "ingest_eoffice--1-": False, f"ingest_{'x' * 200}": False,
    }  # fmt: skip


def test_every_dag_has_documentation_tags_and_one_run_at_a_time(bag):
    for dag in bag.dags.values():
        assert dag.doc_md
        assert dag.description
        assert dag.tags
        assert set(dag.tags) <= TAGS
        assert dag.catchup is False
        assert dag.max_active_runs == 1


def test_every_task_has_an_owner_a_time_limit_and_retries_that_know_the_error(bag):
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task.owner not in ("", "airflow")
            assert task.execution_timeout
            assert task.retries == 2
            assert task.retry_policy is RETRY_POLICY


def test_every_failed_task_and_run_and_its_end_has_a_callback(bag):
    for dag in bag.dags.values():
        assert dag.on_failure_callback is report_failed_run
        assert dag.on_success_callback is report_successful_run
        for task in dag.tasks:
            callbacks = task.on_failure_callback
            assert callbacks in (report_failed_run, [report_failed_run])


def test_long_run_is_checked_soon_after_its_hour(bag):
    (deadline,) = bag.dags["attainment"].deadline
    assert deadline.reference == DeadlineReference.DAGRUN_QUEUED_AT
    assert deadline.callback.path == f"{check_and_deliver.__module__}.{check_and_deliver.__name__}"
    hour = (datetime(2024, 12, 31, 4, 35, tzinfo=LOCAL) + deadline.interval).time()
    assert load_rules(ALERT_RULES).run_ready_by < hour < time(6, 45)


def test_scheduler_that_was_off_checks_the_run_as_soon_as_it_is_back(bag):
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import DagRunInfo

    dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags["alerts"]))
    now = datetime.now(UTC)
    for last in (None, DagRunInfo.exact(pendulum.instance(now - timedelta(hours=5)))):
        run_after = dag.next_dagrun_info(last_automated_run_info=last).run_after
        assert now - timedelta(minutes=16) < run_after <= now + timedelta(seconds=5)


def test_mapped_tasks_have_the_names_of_their_loads(bag):
    for dag in bag.dags.values():
        for task in dag.tasks:
            if isinstance(task, MappedOperator) or task.task_id.startswith("load."):
                assert task.map_index_template == "{{ load_name }}"


def test_the_source_is_asked_by_one_task_at_a_time(bag):
    for dag_id, dag in bag.dags.items():
        if dag_id.startswith("ingest_"):
            assert dag.get_task("load.fetch_loads").max_active_tis_per_dagrun == 1


def test_nothing_is_scheduled_by_the_wall_clock_where_the_clock_stands_still(monkeypatch):
    assert run_daily("30 4 * * *").expression == "30 4 * * *"
    monkeypatch.setenv("CCHC_NOW", "2025-01-01T05:30:00+07:00")
    assert run_daily("30 4 * * *") is None
    for path in (CHECKOUT / "dags").glob("*.py"):  # so that no file has a schedule of its own
        assert "CronPartitionTimetable" not in path.read_text(encoding="utf-8")


def test_schedules_are_in_local_time(bag):
    for dag_id, dag in bag.dags.items():
        if dag_id != "attainment_late":
            assert str(dag.timetable._timezone if hasattr(dag.timetable, "_timezone") else dag.timetable.timezone) == (
                "Asia/Ho_Chi_Minh"
            )


@pytest.mark.parametrize("path", sorted((CHECKOUT / "dags").glob("*.py")), ids=lambda path: path.name)
def test_a_dag_file_is_short_and_does_nothing_when_imported_but_wire(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and hasattr(node.func, "attr")
    }
    assert not called & {"connect", "getenv", "post", "get", "execute"}


def test_parsing_the_dags_imports_neither_pandas_nor_great_expectations():
    program = (
        "import runpy, sys, pathlib\n"
        f"[runpy.run_path(str(path)) for path in pathlib.Path({str(CHECKOUT / 'dags')!r}).glob('*.py')]\n"
        "print(*sorted({'pandas', 'great_expectations'} & set(sys.modules)))"
    )
    path = os.pathsep.join([str(CHECKOUT / "plugins"), str(CHECKOUT)])
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.split("\n")[-2] == ""


def test_only_the_tasks_import_airflow():
    for path in Path(CHECKOUT / "plugins" / "cchc").rglob("*.py"):
        names = {
            alias.name if isinstance(node, ast.Import) else node.module or ""
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        if path.parent.name != "tasks":
            assert not any(name.split(".")[0] == "airflow" for name in names), path
