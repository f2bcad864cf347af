"""A home that ``make run`` fills with the simulated province: its mark, its clock, its simulator.

The mark is the file ``demonstration.json`` of the home: seed and size of the province, and where its clock stands. A
home that has it asks no real source; one that has real loads is never given it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from cchc.local import LocalError
from cchc.local.credentials import write_private
from cchc.local.embedded import open_database
from cchc.settings import read_now
from cchc.sources.profile import read_profiles

if TYPE_CHECKING:  # the simulator is no part of the product: only a demonstration needs it
    from simulator.server import Simulator


@dataclass(frozen=True)
class Demonstration:
    """``seed`` and size of the simulated province; ``now``: where its clock stands, ISO with its zone."""

    seed: int
    dossiers_per_year: int
    now: str


def read_demonstration(home: Path) -> Demonstration | None:
    """The mark of ``home``; None where it has none, as a real installation. Raises LocalError."""
    mark = _find_mark(home)
    try:
        found = Demonstration(**json.loads(mark.read_text(encoding="utf-8")))
        datetime.fromisoformat(found.now)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise LocalError(
            f"{mark} can't be read ({error}): move this home away, and make run makes another demonstration"
        ) from error
    return found


def claim_home(home: Path) -> None:
    """Check that ``home`` may hold the simulated province. Raises LocalError where it has real loads or sources."""
    refuse_connections(home)
    if read_demonstration(home) is None and _has_loads(home):
        raise LocalError(
            f"{home} has loads and is no demonstration: make run would mix a simulated province into them. Nothing was"
            " changed. Choose another home: CCHC_HOME=/tmp/cchc-demo make run"
        )


def refuse_connections(home: Path) -> None:
    """Raises LocalError where the environment names real sources; the simulated province must not mix with them."""
    names = {name for profile in read_profiles() for name in (profile.connection, profile.inbox) if name}
    variables = sorted(f"AIRFLOW_CONN_{name.upper()}" for name in names)
    if given := [variable for variable in variables if os.environ.get(variable)]:
        raise LocalError(
            f"{home} is for the simulated province of make run, and {', '.join(given)} names a real source: choose"
            " another CCHC_HOME for it, or unset it"
        )


def set_clock(home: Path, now: datetime) -> None:
    """Let this process live at ``now``, and mark ``home`` with it; a mark is never moved back."""
    os.environ["CCHC_NOW"] = now.isoformat()
    known = read_demonstration(home) or _begin(now)
    newest = max(now, datetime.fromisoformat(known.now))
    marked = replace(known, now=newest.isoformat())
    if marked != known or not _find_mark(home).exists():
        write_private(_find_mark(home), json.dumps(asdict(marked)) + "\n")


def keep_clock(home: Path) -> Demonstration | None:
    """On a demonstration's home let this process live where its clock stands, or later, at CCHC_NOW. The mark."""
    demonstration = read_demonstration(home)
    if demonstration:
        os.environ["CCHC_NOW"] = os.environ.get("CCHC_NOW") or demonstration.now
    return demonstration


def resume_demonstration(home: Path) -> Demonstration | None:
    """The mark of ``home``, before its sources are asked: this process lives at its clock. None where it has no mark.

    Raises LocalError where the environment names real sources for a demonstration.
    """
    demonstration = keep_clock(home)
    if demonstration:
        refuse_connections(home)
    return demonstration


@contextmanager
def begin_demonstration(home: Path, now: datetime) -> Iterator[Simulator]:
    """Mark ``home`` as a demonstration's, and give its simulator, as ``open_simulator``; begins at ``now``."""
    set_clock(home, now)
    with open_simulator(home) as simulator:
        yield simulator


@contextmanager
def open_simulator(home: Path) -> Iterator[Simulator]:
    """The simulator of a demonstration's home at this process's time, its sources in this process's environment."""
    from simulator.server import run_simulator

    demonstration = read_demonstration(home)
    if demonstration is None:
        raise LookupError(f"{home} is not marked as a demonstration")
    size, inbox = demonstration.dossiers_per_year, find_inbox(home)
    with run_simulator(seed=demonstration.seed, dossiers_per_year=size, inbox=inbox, now=read_now()) as simulator:
        os.environ.update(connect_simulator(home, simulator.base_url, demonstration))
        yield simulator


@contextmanager
def open_sources(home: Path) -> Iterator[None]:
    """On a demonstration's home its simulated sources run until the block ends; on any other nothing is done.

    Raises LocalError where the environment names real sources for a demonstration.
    """
    if resume_demonstration(home) is None:
        yield
        return
    set_clock(home, read_now())
    with open_simulator(home):
        yield


def connect_simulator(home: Path, base_url: str, demonstration: Demonstration) -> dict[str, str]:
    """The connections of the simulated sources, as environment variables."""
    from simulator.access import Access
    from simulator.server import list_connections

    connections = list_connections(base_url, Access(demonstration.seed), find_inbox(home))
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection) for name, connection in connections.items()}


def find_inbox(home: Path) -> Path:
    """The folder that the simulated senders write into."""
    return home / "inbox"


def _begin(now: datetime) -> Demonstration:
    from simulator.figures import DEFAULT_SEED
    from simulator.server import DEFAULT_DOSSIERS_PER_YEAR

    return Demonstration(DEFAULT_SEED, DEFAULT_DOSSIERS_PER_YEAR, now.isoformat())


def _find_mark(home: Path) -> Path:
    return home / "demonstration.json"


def _has_loads(home: Path) -> bool:
    """Whether anything was ever loaded: by the archive, or by the warehouse, which is only looked into."""
    archive = home / "archive"
    if archive.is_dir() and any(archive.iterdir()):
        return True
    if not (home / "postgres" / "data").exists():
        return False
    with open_database(home) as database, psycopg.connect(database.url("cchc_owner")) as connection:
        (has_table,) = connection.execute("select to_regclass('ops.load') is not null").fetchone() or (False,)
        (has_rows,) = (has_table and connection.execute("select exists (select from ops.load)").fetchone()) or (False,)
    return bool(has_rows)
