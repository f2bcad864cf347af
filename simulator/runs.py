"""``python -m simulator.runs``: runs of the simulated province's last three data dates through a running Airflow.

The data dates are those of `make run`, but scheduler and workers run the DAGs. For each date the simulator's clock is
set; then every ingest and the attainment are triggered over Airflow's REST API.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from simulator.periods import described_day
from simulator.server import DEFAULT_NOW

HOURS = {described_day(hour): hour for hour in (DEFAULT_NOW - timedelta(days=days) for days in (2, 1, 0))}
USER = "admin"
POLL_SECONDS = 2.0
READY_SECONDS = 180
RUN_SECONDS = 1800


class RunError(Exception):
    """Airflow didn't complete the runs of a data date."""


class Airflow:
    """The REST API of a running Airflow."""

    def __init__(self, address: str, password: str) -> None:
        self._address = address.rstrip("/")
        self._session = _open_session()
        token = self._ask("POST", "/auth/token", json={"username": USER, "password": password})["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def list_ingests(self) -> list[str]:
        """The ingest DAGs that the dag-processor has read."""
        return [dag["dag_id"] for dag in self._ask("GET", "/api/v2/dags", params={"tags": "ingest"})["dags"]]

    def knows(self, dag_id: str) -> bool:
        """Whether the dag-processor has read a DAG."""
        return any(dag["dag_id"] == dag_id for dag in self._ask("GET", "/api/v2/dags", params={"tags": "cchc"})["dags"])

    def trigger(self, dag_id: str, day: str) -> str:
        """Trigger a run for a data date; returns its id."""
        body = {"logical_date": None, "conf": {"date": day}}
        run: str = self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"]
        return run

    def read_state(self, dag_id: str, run: str) -> str:
        """queued, running, success or failed."""
        state: str = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run}")["state"]
        return state

    def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        answer = self._session.request(method, self._address + path, timeout=30, **sent)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def run_data_date(airflow: Airflow, simulator: str, ca: Path | None, hour: datetime) -> None:
    """Set the clock to ``hour``, then run every ingest and the attainment of its data date; raises RunError."""
    with _open_session() as session:
        clock = session.put(
            f"{simulator}/control/clock", json={"now": hour.isoformat()}, timeout=30, verify=str(ca) if ca else True
        )
        clock.raise_for_status()
    day = described_day(hour).isoformat()
    failed = list(run_all(airflow, airflow.list_ingests(), day)) + list(run_all(airflow, ["attainment"], day))
    if failed:
        raise RunError(f"{day}: {', '.join(failed)}")
    print(f"{day}: done", flush=True)


def _open_session() -> requests.Session:
    """A session without proxy and .netrc: both servers are neighbours, and the token is the only credential."""
    session = requests.Session()
    session.trust_env = False
    return session


def run_all(airflow: Airflow, dag_ids: list[str], day: str) -> Iterator[str]:
    """Run DAGs side by side; yields each one that failed or didn't end, with its state."""
    left = {dag_id: airflow.trigger(dag_id, day) for dag_id in dag_ids}
    deadline = time.monotonic() + RUN_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        states = {dag_id: airflow.read_state(dag_id, run) for dag_id, run in left.items()}
        yield from (f"{dag_id} failed" for dag_id, state in states.items() if state == "failed")
        left = {dag_id: run for dag_id, run in left.items() if states[dag_id] not in ("success", "failed")}
    yield from (f"{dag_id} is not over after {RUN_SECONDS} s" for dag_id in left)


def wait_for_dags(airflow: Airflow) -> None:
    """Wait until the dag-processor has read the DAGs; raises RunError."""
    deadline = time.monotonic() + READY_SECONDS
    while not (airflow.list_ingests() and airflow.knows("attainment")):
        if time.monotonic() > deadline:
            raise RunError(f"Airflow doesn't know the DAGs after {READY_SECONDS} s")
        time.sleep(POLL_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulator.runs", description=__doc__)
    parser.add_argument("--airflow", required=True, help="address of the api-server; ADMIN_PASSWORD opens it")
    parser.add_argument("--simulator", required=True, help="address of the simulator")
    parser.add_argument("--ca", type=Path, help="certificate authority of the simulator")
    parser.add_argument(
        "--date",
        type=date.fromisoformat,
        choices=HOURS,
        action="append",
        help="one of the data dates, repeatable; default: all three",
    )
    options = parser.parse_args()
    try:
        airflow = Airflow(options.airflow, os.environ["ADMIN_PASSWORD"])
        wait_for_dags(airflow)
        for day in options.date or HOURS:
            run_data_date(airflow, options.simulator, options.ca, HOURS[day])
    except (RunError, requests.RequestException) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
