"""A running simulator for the tests of this folder, asked by real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import requests

from simulator.app import BASE_PATH
from simulator.periods import LOCAL
from simulator.server import DEFAULT_NOW, Simulator, run_simulator

Ask = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    with run_simulator(seed=7) as simulator:
        yield simulator


@pytest.fixture
def portal(running: Simulator) -> Iterator[Simulator]:
    """The simulator on the morning after 31 December 2024, without faults."""
    running.set_clock(DEFAULT_NOW)
    running.clear_faults()
    yield running
    running.clear_faults()


@pytest.fixture
def ask(portal: Simulator) -> Ask:
    """Ask an endpoint for a period: ``ask("transparency", month=8, pageSize=50)``; the year without a month."""

    def post(endpoint: str, *, month: int | None = None, timeout: float = 10, **changes: Any) -> requests.Response:
        if endpoint == "handling-satisfaction":
            last = {None: "2024-12-31", 8: "2024-08-31", 12: "2024-12-31"}[month]
            period = {"fromDate": f"2024-{month or 1:02}-01", "toDate": last}
        else:
            period = {"timeType": "year", "year": 2024} | ({"timeType": "month", "month": month} if month else {})
        body = {**period, "rootDepartmentId": portal.root_department_id, "currentPage": 1, "pageSize": 200, **changes}
        return requests.post(f"{portal.base_url}{BASE_PATH}/{endpoint}", json=body, timeout=timeout)

    return post


@pytest.fixture
def set_clock(portal: Simulator) -> Callable[[int, int], None]:
    """Set the clock to 04:30 of a day of 2024."""
    return lambda month, day: portal.set_clock(datetime(2024, month, day, 4, 30, tzinfo=LOCAL))
