"""The simulator as a running server: in a thread for tests and ``make run``, or in the foreground."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from typing import Any

import uvicorn
from fastapi import FastAPI

from simulator.agencies import ROOT_DEPARTMENT_ID, read_agencies
from simulator.app import build_app
from simulator.controls import Controls
from simulator.faults import Fault
from simulator.figures import Figures
from simulator.periods import LOCAL

DEFAULT_SEED = 1
DEFAULT_DOSSIERS_PER_YEAR = 900_000
DEFAULT_NOW = datetime(2025, 1, 1, 4, 30, tzinfo=LOCAL)  # the night of the last day of plan_2024

START_SECONDS = 30


class ReadyServer(uvicorn.Server):
    """A uvicorn server that says when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._on_ready()


def bind_socket(host: str, port: int) -> tuple[socket.socket, str]:
    """A socket on ``port`` (0: a free one) and the server's base URL; OSError when the port is taken."""
    listener = socket.create_server((host, port))
    return listener, f"http://{host}:{listener.getsockname()[1]}"


def build_server(app: FastAPI, on_ready: Callable[[], object]) -> ReadyServer:
    """A server without uvicorn's own ``Date`` and ``Server``. It logs nothing: broken answers are its trade."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return ReadyServer(config, on_ready)


def build_simulator(seed: int, dossiers_per_year: int, now: datetime) -> tuple[FastAPI, Controls]:
    """The app of the province of include/catalog/agencies.csv, and its switches."""
    controls = Controls(now)
    return build_app(Figures(seed, dossiers_per_year, read_agencies()), controls), controls


@dataclass(frozen=True)
class Simulator:
    """A running simulator; its switches work at once, without HTTP."""

    base_url: str
    controls: Controls
    root_department_id: str = ROOT_DEPARTMENT_ID

    def set_clock(self, now: datetime) -> None:
        """Set the simulated time; it stands still until the next call."""
        self.controls.set_clock(now)

    def set_fault(self, endpoint: str, kind: str, **options: Any) -> None:
        """Switch a fault on; ``options`` are the fields of ``faults.Fault``."""
        self.controls.set_fault(Fault(endpoint=endpoint, kind=kind, **options))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.controls.clear_faults()

    def requests(self) -> list[dict[str, Any]]:
        """The portal requests so far: ``controls.LoggedRequest`` as dicts, oldest first."""
        return self.controls.list_requests()


@contextmanager
def run_simulator(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = DEFAULT_SEED,
    dossiers_per_year: int = DEFAULT_DOSSIERS_PER_YEAR,
    now: datetime = DEFAULT_NOW,
) -> Iterator[Simulator]:
    """Serve from a thread until the block ends."""
    app, controls = build_simulator(seed, dossiers_per_year, now)
    listener, base_url = bind_socket(host, port)
    ready = Event()
    server = build_server(app, ready.set)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True)
    thread.start()
    try:
        if not ready.wait(START_SECONDS):
            raise TimeoutError(f"the simulator isn't listening after {START_SECONDS} seconds")
        yield Simulator(base_url, controls)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
