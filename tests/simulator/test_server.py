"""The server: its clock, its manners, its log, its command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from simulator import ROOT_DEPARTMENT_ID
from simulator.app import BASE_PATH
from simulator.periods import ENDPOINTS, LOCAL
from simulator.server import Simulator, run_simulator

Ask = Callable[..., requests.Response]

CHECKOUT = Path(__file__).resolve().parents[2]


def test_every_response_carries_the_simulated_time_once(portal: Simulator, ask: Ask) -> None:
    now = datetime(2024, 6, 30, 4, 30, tzinfo=LOCAL)
    portal.set_clock(now)
    refused = ask("transparency", rootDepartmentId="nobody")
    unknown = requests.get(f"{portal.base_url}/nowhere", timeout=10)
    for response in (ask("transparency"), refused, unknown):
        assert parsedate_to_datetime(response.headers["Date"]) == now
        assert response.raw.headers.getlist("Date") == [response.headers["Date"]]
        assert "Server" not in response.headers


def test_values_are_renewed_at_two_in_the_morning(portal: Simulator, ask: Ask) -> None:
    def ask_at(day: int, hour: int, minute: int) -> bytes:
        portal.set_clock(datetime(2024, 6, day, hour, minute, tzinfo=LOCAL))
        return ask("dvc-progress-tree").content

    assert ask_at(18, 23, 0) == ask_at(19, 1, 59)
    assert ask_at(19, 1, 59) != ask_at(19, 2, 0)
    assert ask_at(19, 2, 0) == ask_at(19, 18, 20)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_another_server_with_the_same_seed_answers_the_same_bytes(ask: Ask, endpoint: str) -> None:
    with run_simulator(seed=7) as twin:
        body = {"rootDepartmentId": ROOT_DEPARTMENT_ID, "currentPage": 1, "pageSize": 200}
        if endpoint == "handling-satisfaction":
            body |= {"fromDate": "2024-01-01", "toDate": "2024-12-31"}
        else:
            body |= {"timeType": "year", "year": 2024}
        theirs = requests.post(f"{twin.base_url}{BASE_PATH}/{endpoint}", json=body, timeout=10)
    assert theirs.content == ask(endpoint).content


def test_closed_year_can_be_asked_in_the_next(portal: Simulator, ask: Ask) -> None:
    portal.set_clock(datetime(2025, 1, 8, 4, 30, tzinfo=LOCAL))
    old = ask("dvc-progress-tree").json()["data"]["parent"]["totalReceived"]
    new = ask("dvc-progress-tree", year=2025).json()["data"]["parent"]["totalReceived"]
    assert 0 < new < old / 20


def test_quarter_lies_between_month_and_year(ask: Ask) -> None:
    def received(**period: object) -> int:
        return ask("dvc-progress-tree", **period).json()["data"]["parent"]["totalReceived"]

    quarter = received(timeType="quarter", quarter=4)
    assert received(month=12) < quarter < received()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"rootDepartmentId": "019d2be3-6a88-732b-8b17-b68020c8553a"}, 404),
        ({"year": 2025}, 400),
        ({"year": 2023}, 404),
        ({"timeType": "quarter"}, 400),
        ({"timeType": "week"}, 400),
        ({"month": 13, "timeType": "month"}, 400),
        ({"pageSize": 0}, 400),
        ({"currentPage": "1"}, 400),
        ({"formalityId": "1.000010"}, 400),
    ],
)
def test_questions_without_an_answer_are_refused_in_the_envelope(
    ask: Ask, changes: dict[str, object], status: int
) -> None:
    response = ask("transparency", **changes)
    assert response.status_code == status
    assert response.json()["data"] is None
    assert response.json()["message"]


@pytest.mark.parametrize(
    "dates", [("2024-01-01", "2024-12-30"), ("2024-02-01", "2024-04-30"), ("2024-13-01", "2024-12-31")]
)
def test_satisfaction_is_asked_for_whole_periods(ask: Ask, dates: tuple[str, str]) -> None:
    assert ask("handling-satisfaction", fromDate=dates[0], toDate=dates[1]).status_code == 400


def test_body_that_is_no_json_and_unknown_endpoint_are_refused(portal: Simulator, ask: Ask) -> None:
    url = f"{portal.base_url}{BASE_PATH}/transparency"
    assert requests.post(url, data=b"\xff{", timeout=10).status_code == 400
    assert ask("formalities").status_code == 404


def test_log_shows_order_pauses_and_overlap() -> None:
    with run_simulator() as portal:
        for endpoint in ENDPOINTS[:2]:
            requests.post(f"{portal.base_url}{BASE_PATH}/{endpoint}", data=b"{}", timeout=10)
        over_http = requests.get(f"{portal.base_url}/control/requests", timeout=10).json()
        log = portal.requests()
    assert over_http == log
    assert [(entry["endpoint"], entry["body"], entry["status"]) for entry in log] == [
        (endpoint, "{}", 400) for endpoint in ENDPOINTS[:2]
    ]
    assert {(entry["at"], entry["in_flight"]) for entry in log} == {("2025-01-01T04:30:00+07:00", 0)}
    assert log[0]["received_s"] <= log[0]["answered_s"] <= log[1]["received_s"]


def test_switches_work_over_http(portal: Simulator, ask: Ask) -> None:
    control = f"{portal.base_url}/control"
    clock = requests.put(f"{control}/clock", json={"now": "2024-06-30T21:30:00Z"}, timeout=10)
    assert clock.json() == {"now": "2024-07-01T04:30:00+07:00", "describes": "2024-06-30"}
    fault = {"endpoint": "transparency", "kind": "forbidden", "times": 1}
    assert requests.put(f"{control}/fault", json=fault, timeout=10).status_code == 200
    assert [ask("transparency").status_code for _ in range(2)] == [403, 201]
    requests.put(f"{control}/fault", json={"kind": "forbidden"}, timeout=10)
    assert ask("transparency").status_code == 403
    assert requests.delete(f"{control}/fault", timeout=10).status_code == 204
    assert ask("transparency").status_code == 201


@pytest.mark.parametrize(
    ("switch", "body"),
    [
        ("clock", {"now": "2024-06-30T04:30:00"}),
        ("fault", {"kind": "gremlins"}),
        ("fault", {"kind": "forbidden", "endpoint": "formalities"}),
        ("fault", {"kind": "forbidden", "times": 0}),
        ("fault", {"kind": "forbidden", "mood": "bad"}),
    ],
)
def test_senseless_switches_are_refused(portal: Simulator, switch: str, body: dict[str, object]) -> None:
    assert requests.put(f"{portal.base_url}/control/{switch}", json=body, timeout=10).status_code == 422


def test_files_arrive_as_the_clock_moves(tmp_path: Path) -> None:
    with run_simulator(now=datetime(2024, 2, 1, 4, 30, tzinfo=LOCAL), inbox=tmp_path) as simulator:
        assert list(tmp_path.iterdir()) == []
        simulator.set_clock(datetime(2024, 2, 6, 4, 30, tzinfo=LOCAL))
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")} - {"H58.04", "H58.40"}
    assert names == {"H58.40/bao-cao-2023.xlsx", "H58.04/giai-ngan-2024-01.xlsx"}


def test_command_line_serves_until_it_is_ended(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    command = [sys.executable, "-m", "simulator", "--now", "2024-06-30T04:30:00+07:00", "--dossiers-per-year", "20000"]
    command += ["--inbox", str(inbox)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("simulator listening on http://127.0.0.1:")
            base_url = line.split()[-1]
            shell = dict(process.stdout.readline().strip().split("=", 1) for _ in range(4))
            connections = {name: json.loads(text.strip("'")) for name, text in shell.items()}
            assert {connections.pop("AIRFLOW_CONN_RETURNS_INBOX")["extra"]["url"]} == {inbox.as_uri()}
            assert [(name, connection["host"]) for name, connection in connections.items()] == [
                ("AIRFLOW_CONN_NATIONAL_PORTAL", base_url),
                ("AIRFLOW_CONN_EOFFICE", base_url),
                ("AIRFLOW_CONN_TREASURY", base_url),
            ]
            assert (inbox / "H58.02" / "bao-cao-2024-Q1.xlsx").exists()
            response = requests.get(f"{base_url}/control/requests", timeout=10)
            assert (response.json(), response.headers["Date"]) == ([], "Sat, 29 Jun 2024 21:30:00 GMT")
        finally:
            process.terminate()
