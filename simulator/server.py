"""The simulator as a running server: in a thread for tests and ``make run``, or in the foreground."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import uvicorn
from fastapi import FastAPI

from simulator.access import Access
from simulator.agencies import ROOT_DEPARTMENT_ID, read_agencies
from simulator.app import Sources, build_app
from simulator.certificates import Secured
from simulator.controls import Controls
from simulator.eoffice import build_eoffice
from simulator.faults import Fault
from simulator.inbox import write_inbox
from simulator.periods import LOCAL
from simulator.scenario import read_scenario
from simulator.values import DEFAULT_SEED, Values

DEFAULT_DOSSIERS_PER_YEAR = 900_000
DEFAULT_NOW = datetime(2025, 1, 1, 4, 30, tzinfo=LOCAL)  # the morning after the last day of plan_2024

START_SECONDS = 30


class ReadyServer(uvicorn.Server):
    """A uvicorn server that calls ``on_ready`` once it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then call ``on_ready``."""
        await super().startup(sockets)
        self._on_ready()


def bind_socket(host: str, port: int, secured: Secured | None = None) -> tuple[socket.socket, str]:
    """A socket on ``port`` (0: a free one) and the server's base URL; OSError when the port is taken."""
    listener = socket.create_server((host, port))
    scheme, name = ("https", secured.names[0]) if secured else ("http", host)
    return listener, f"{scheme}://{name}:{listener.getsockname()[1]}"


def build_server(app: FastAPI, on_ready: Callable[[], object], secured: Secured | None = None) -> ReadyServer:
    """A server without uvicorn's own ``Date`` and ``Server``, and without logs: broken answers are intended."""
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
        ssl_certfile=secured.certificate if secured else None,
        ssl_keyfile=secured.key if secured else None,
    )
    return ReadyServer(config, on_ready)


@dataclass(frozen=True)
class Simulator:
    """The simulated sources of the province of include/catalog/agencies.csv, controlled without HTTP.

    ``access``: the credentials of a client.
    """

    base_url: str
    controls: Controls
    access: Access
    root_department_id: str = ROOT_DEPARTMENT_ID

    @property
    def eoffice_token(self) -> str:
        """The right value of the header lgspaccesstoken."""
        return self.access.eoffice_token

    @property
    def treasury_client(self) -> str:
        """Name of the treasury's client, for ``POST /token``."""
        return self.access.treasury_client

    @property
    def treasury_secret(self) -> str:
        """The secret of the treasury's client."""
        return self.access.treasury_secret

    def set_clock(self, now: datetime) -> None:
        """Set the simulated time; it stands still until the next call."""
        self.controls.set_clock(now)

    def set_fault(self, endpoint: str, kind: str, **options: Any) -> None:
        """Switch a fault on; ``options`` are the fields of ``faults.Fault``."""
        self.controls.set_fault(Fault(endpoint=endpoint, kind=kind, **options))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.controls.clear_faults()

    def requests(self, source: str | None = None) -> list[dict[str, Any]]:
        """The requests so far, to ``source`` or to all: ``controls.LoggedRequest`` as dicts, oldest first."""
        return self.controls.list_requests(source)


@dataclass(frozen=True)
class Scale:
    """The extent of the simulation: ``seed``, size of the province, ``units`` of each level in the e-office.

    ``inbox``: the folder in which files arrive as the clock moves; None: no files are written.
    ``scenario``: a file with the portal's counts (simulator/scenario.py); None: they are drawn from the seed.
    """

    seed: int = DEFAULT_SEED
    dossiers_per_year: int = DEFAULT_DOSSIERS_PER_YEAR
    units: int | None = None
    inbox: Path | None = None
    scenario: Path | None = None


def build_simulator(base_url: str, scale: Scale, now: datetime) -> tuple[FastAPI, Simulator]:
    """The app behind ``base_url``, and its controls."""

    def fill_inbox(day: date) -> None:
        if scale.inbox:
            write_inbox(scale.inbox, day, seed=scale.seed)

    controls, access = Controls(now, fill_inbox), Access(scale.seed)
    values = (
        read_scenario(scale.scenario)
        if scale.scenario
        else Values(scale.seed, scale.dossiers_per_year, read_agencies())
    )
    sources = Sources(values, build_eoffice(scale.seed, scale.units), access, controls)
    return build_app(sources), Simulator(base_url, controls, access)


def list_connections(base_url: str, access: Access, inbox: Path | None) -> dict[str, dict[str, Any]]:
    """The Airflow connections of the sources: identifier → fields."""
    at_once = {"pause_seconds": 0}
    connections: dict[str, dict[str, Any]] = {
        "national_portal": {"extra": {"root_department_id": ROOT_DEPARTMENT_ID, **at_once}},
        "eoffice": {"password": access.eoffice_token, "extra": at_once},
        "treasury": {"login": access.treasury_client, "password": access.treasury_secret, "extra": at_once},
    }
    connections = {name: {"conn_type": "http", "host": base_url} | c for name, c in connections.items()}
    if inbox:
        connections["returns_inbox"] = {"conn_type": "fs", "extra": {"url": inbox.resolve().as_uri()}}
    return connections


@contextmanager
def run_simulator(
    *, host: str = "127.0.0.1", port: int = 0, now: datetime = DEFAULT_NOW, **scale: Any
) -> Iterator[Simulator]:
    """Serve from a thread until the block ends; ``scale``: the fields of ``Scale``."""
    listener, base_url = bind_socket(host, port)
    app, simulator = build_simulator(base_url, Scale(**scale), now)
    ready = Event()
    server = build_server(app, ready.set)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True)
    thread.start()
    try:
        if not ready.wait(START_SECONDS):
            raise TimeoutError(f"the simulator isn't listening after {START_SECONDS} seconds")
        yield simulator
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
