"""The home of a demonstration: its file, clock and sources; and other homes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import requests

from cchc.local import LocalError
from cchc.local.demonstration import (
    begin_demonstration,
    claim_home,
    decline_connections,
    enter_home,
    keep_clock,
    open_sources,
    read_demonstration,
    set_clock,
)
from cchc.local.embedded import open_database
from cchc.local.services import stop_services
from cchc.local.warehouse import prepare_warehouse
from cchc.settings import CHECKOUT, read_now

NEW_YEAR = datetime.fromisoformat("2025-01-01T05:30:00+07:00")
THE_DAY_BEFORE = datetime.fromisoformat("2024-12-31T05:30:00+07:00")
LOAD = """
insert into ops.load (load_id, source, entity, window_start, window_end, status, run_id, started_at)
values (gen_random_uuid(), 'returns', 'file', '2024-06-30', '2024-06-30', 'published', 'test', now())
"""


@pytest.fixture(autouse=True)
def kept_environment() -> Iterator[None]:
    """A demonstration sets this process's clock and connections: afterwards they are what they were."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AIRFLOW_CONN_")]:
        del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)


def test_clock_of_the_newest_run_is_kept_in_the_home(tmp_path: Path) -> None:
    assert read_demonstration(tmp_path) is None
    set_clock(tmp_path, THE_DAY_BEFORE)
    set_clock(tmp_path, NEW_YEAR)
    set_clock(tmp_path, THE_DAY_BEFORE)  # make run again begins with an earlier day
    assert read_now() == THE_DAY_BEFORE
    del os.environ["CCHC_NOW"]
    enter_home(tmp_path, "sql")
    assert read_now() == NEW_YEAR
    assert (tmp_path / "demonstration.json").stat().st_mode & 0o077 == 0


def test_home_without_the_file_has_the_clocks_time_and_no_simulator(tmp_path: Path) -> None:
    with open_sources(tmp_path):
        assert "CCHC_NOW" not in os.environ
        assert not any(name.startswith("AIRFLOW_CONN_") for name in os.environ)
    assert list(tmp_path.iterdir()) == []


def test_sources_of_a_demonstration_are_simulated_at_its_clock(tmp_path: Path) -> None:
    set_clock(tmp_path, NEW_YEAR)
    del os.environ["CCHC_NOW"]
    enter_home(tmp_path, "check")
    with open_sources(tmp_path):
        treasury = json.loads(os.environ["AIRFLOW_CONN_TREASURY"])
        login = (treasury["login"], treasury["password"])
        grant = {"grant_type": "client_credentials"}
        answer = requests.post(f"{treasury['host']}/token", data=grant, auth=login, timeout=10)
        assert answer.ok
        assert answer.headers["Date"] == "Tue, 31 Dec 2024 22:30:00 GMT"
        inbox = json.loads(os.environ["AIRFLOW_CONN_RETURNS_INBOX"])["extra"]["url"]
        assert inbox == (tmp_path / "inbox").as_uri()


def test_damaged_file_is_reported_with_a_remedy(tmp_path: Path) -> None:
    for mark in ("{}", '{"seed": 1, "dossiers_per_year": 1, "now": "2025-01-01T05:30:00"}', "[]", ""):
        (tmp_path / "demonstration.json").write_text(mark)
        with pytest.raises(LocalError, match=r"demonstration.json can't be read .* move this home away"):
            set_clock(tmp_path, NEW_YEAR)


@pytest.mark.parametrize(("mark", "now"), [("{", ""), (None, "yesterday"), (None, "2999-01-01T00:00:00+07:00")])
def test_down_works_with_any_file_and_clock(home: Path, mark: str | None, now: str) -> None:
    home.mkdir()
    if mark:
        (home / "demonstration.json").write_text(mark)
    assert run_command(home, "down", CCHC_NOW=now) == (0, "")
    code, errors = run_command(home, "sql", "select 1", CCHC_NOW=now)
    assert (code, errors.count("\n")) == (1, 1)


def test_up_declines_a_standing_clock_on_a_real_home(home: Path) -> None:
    code, errors = run_command(home, "up", CCHC_NOW="2025-01-01T05:30:00+07:00")
    stop_services(home)  # of a release that did start them
    assert (code, errors.count("\n")) == (1, 1)
    assert "CCHC_NOW is set, so no run of" in errors
    assert not home.exists()
    enter_home(home, "nightly")


def test_query_at_a_mistyped_clock_does_not_move_the_demonstrations_clock(tmp_path: Path) -> None:
    set_clock(tmp_path, THE_DAY_BEFORE)
    os.environ["CCHC_NOW"] = NEW_YEAR.isoformat()
    enter_home(tmp_path, "check")
    with open_sources(tmp_path):
        assert read_now() == NEW_YEAR
    mark = read_demonstration(tmp_path)
    assert mark
    assert mark.now == THE_DAY_BEFORE.isoformat()
    keep_clock(tmp_path)  # as after a successful run
    assert read_demonstration(tmp_path) != mark


def test_simulated_province_is_never_written_into_a_real_warehouse(home: Path) -> None:
    home.mkdir()
    set_clock(home, NEW_YEAR)
    warehouse = '{"conn_type": "postgres", "host": "127.0.0.1", "port": 9}'
    for command in (("nightly", "2024-12-31", ""), ("sql", "select 1"), ("up",), ("check", "eoffice"),
                    ("withdraw", "2024-12-31"), ("ack", "1234", "a", "", "b"), ("checksum",), ("run",)):  # fmt: skip
        code, errors = run_command(home, *command, AIRFLOW_CONN_WAREHOUSE=warehouse, CCHC_NOW="")
        assert (code, errors.count("\n")) == (1, 1), errors
        assert "AIRFLOW_CONN_WAREHOUSE names a real warehouse: choose another CCHC_HOME" in errors
    assert not (home / "postgres").exists()


RECIPIENT = """recipients:
  - {{id: so-y-te, name_vi: Sở, audience: operators, {channel}}}
"""


def test_simulated_alerts_reach_no_real_people(tmp_path: Path) -> None:
    set_clock(tmp_path, NEW_YEAR)
    recipients = tmp_path / "recipients.yaml"
    os.environ |= {"AIRFLOW_CONN_ALERTS_SMTP": "smtp://mail", "AIRFLOW_CONN_CHAT": "http://chat"}
    enter_home(tmp_path, "up")  # the delivered file has no recipient
    for channel, variable in (
        ("channel: email, address: so@tinh.gov.vn", "AIRFLOW_CONN_ALERTS_SMTP"),
        ("channel: webhook, connection: chat", "AIRFLOW_CONN_CHAT"),
    ):
        recipients.write_text(RECIPIENT.format(channel=channel), encoding="utf-8")
        os.environ["CCHC_RECIPIENTS"] = str(recipients)
        with pytest.raises(LocalError, match=f"{variable} names real people: choose another CCHC_HOME"):
            enter_home(tmp_path, "up")
    os.environ["CCHC_RECIPIENTS"] = "simulator/recipients.yaml"
    enter_home(tmp_path, "up")


def run_command(home: Path, *command: str, **variables: str) -> tuple[int, str]:
    """A command's exit code and errors, run as by the Makefile."""
    environment = {**os.environ, "CCHC_HOME": str(home), "PYTHONPATH": "plugins:.", **variables}
    called = [sys.executable, "-m", "cchc.local", *command]
    result = subprocess.run(called, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


@pytest.mark.parametrize(
    "variable",
    [f"AIRFLOW_CONN_{name}" for name in ("NATIONAL_PORTAL", "EOFFICE", "TREASURY", "RETURNS_INBOX")],
)
def test_real_source_is_declined_on_a_demonstrations_home(tmp_path: Path, variable: str) -> None:
    decline_connections(tmp_path)
    set_clock(tmp_path, NEW_YEAR)
    os.environ[variable] = "{}"
    for attempt in (lambda: enter_home(tmp_path, "check"), lambda: claim_home(tmp_path)):
        with pytest.raises(LocalError, match=f"{variable} names a real source: choose another CCHC_HOME"):
            attempt()


def test_home_with_archived_answers_is_no_place_for_a_simulated_province(tmp_path: Path) -> None:
    claim_home(tmp_path / "fresh")
    assert not (tmp_path / "fresh").exists()
    (tmp_path / "archive" / "eoffice").mkdir(parents=True)
    with pytest.raises(LocalError, match="has loads or sources of its own and is no demonstration"):
        claim_home(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["archive"]


def test_home_with_loads_is_declined_by_make_run_and_left_as_it_is(home: Path) -> None:
    with open_database(home) as database:
        claim_home(home)  # a server without a schema has no loads
        prepare_warehouse(database)
        claim_home(home)
        with psycopg.connect(database.url("cchc_loader")) as connection:
            connection.execute(LOAD)
        before = sorted(path.name for path in home.iterdir())
        code, errors = run_command(home, "run")
        assert (code, errors.count("\n")) == (1, 1)
        assert "move this one away, if it is a demonstration of an older release" in errors
        assert sorted(path.name for path in home.iterdir() if path.name != "runs.lock") == before


def test_home_whose_sources_are_kept_in_airflow_is_declined_by_make_run(home: Path) -> None:
    with open_database(home, settings={"fsync": "off"}) as database:
        with psycopg.connect(database.url("airflow", "airflow")) as connection:
            connection.execute("create table connection (conn_id text)")  # as Airflow's own
            connection.commit()
            claim_home(home)
            connection.execute("insert into connection values ('eoffice')")
        with pytest.raises(LocalError, match="has loads or sources of its own"):
            claim_home(home)


def test_home_is_marked_before_its_first_run(tmp_path: Path) -> None:
    with begin_demonstration(tmp_path, NEW_YEAR):
        assert read_demonstration(tmp_path) is not None
