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
from simulator.figures import DEFAULT_SEED, Figures
from simulator.inbox import write_inbox
from simulator.periods import LOCAL
from simulator.story import read_story

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


def bind_socket(host: str, port: int, secured: Secured | None = None) -> tuple[socket.socket, str]:
    """A socket on ``port`` (0: a free one) and the server's base URL; OSError when the port is taken."""
    listener = socket.create_server((host, port))
    scheme, name = ("https", secured.names[0]) if secured else ("http", host)
    return listener, f"{scheme}://{name}:{listener.getsockname()[1]}"


def build_server(app: FastAPI, on_ready: Callable[[], object], secured: Secured | None = None) -> ReadyServer:
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
        ssl_certfile=secured.certificate if secured else None,
        ssl_keyfile=secured.key if secured else None,
    )
    return ReadyServer(config, on_ready)


@dataclass(frozen=True)
class Simulator:
    """The simulated sources of the province of include/catalog/agencies.csv; its switches work without HTTP.

    ``access`` holds what a client has to know: the e-office's token, the treasury's client and secret.
    """

    base_url: str
    controls: Controls
    access: Access
    root_department_id: str = ROOT_DEPARTMENT_ID

    @property
    def eoffice_token(self) -> str:
        """What the header lgspaccesstoken has to be."""
        return self.access.eoffice_token

    @property
    def treasury_client(self) -> str:
        """Name of the treasury's client, for ``POST /token``."""
        return self.access.treasury_client

    @property
    def treasury_secret(self) -> str:
        """Its secret."""
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
    """What is simulated: ``seed`` of all that is drawn, size of the province, ``units`` of each level in the e-office.

    ``inbox``: the folder into which files come as the clock moves; without it none are written.
    ``story``: a file and the register beside it (simulator/story.py), which the portal then tells in place of its own.
    """

    seed: int = DEFAULT_SEED
    dossiers_per_year: int = DEFAULT_DOSSIERS_PER_YEAR
    units: int | None = None
    inbox: Path | None = None
    story: Path | None = None


def build_simulator(base_url: str, scale: Scale, now: datetime) -> tuple[FastAPI, Simulator]:
    """The app behind ``base_url``, and its switches."""

    def fill_inbox(day: date) -> None:
        if scale.inbox:
            write_inbox(scale.inbox, day, seed=scale.seed)

    controls, access = Controls(now, fill_inbox), Access(scale.seed)
    figures = read_story(scale.story) if scale.story else Figures(scale.seed, scale.dossiers_per_year, read_agencies())
    sources = Sources(figures, build_eoffice(scale.seed, scale.units), access, controls)
    return build_app(sources), Simulator(base_url, controls, access)


def list_connections(base_url: str, access: Access, inbox: Path | None) -> dict[str, dict[str, Any]]:
    """What the pipeline has to know of each source: Airflow connections as JSON by identifier."""
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
