"""The demonstration: a home that ``make run`` fills with the simulated province, its clock and its simulator.

The file ``demonstration.json`` marks such a home. It has the seed, the size of the province and the time of its clock.
A marked home asks no real source; a home with real loads never gets the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from cchc.alerts.recipients import Recipient, read_recipients
from cchc.local import LocalError
from cchc.local.credentials import write_private
from cchc.local.embedded import Database, open_database
from cchc.settings import check_clock, read_now, read_settings
from cchc.sources.profile import read_profiles

if TYPE_CHECKING:  # only a demonstration needs the simulator
    from simulator.server import Simulator


# Reserved domains (RFC 2606): mail to them reaches no person.
RESERVED_DOMAINS = (".invalid", ".example", ".test")


@dataclass(frozen=True)
class Demonstration:
    """``seed`` and size of the simulated province; ``now``: the time of its clock, ISO with its zone."""

    seed: int
    dossiers_per_year: int
    now: str


def read_demonstration(home: Path) -> Demonstration | None:
    """The demonstration of ``home``; None for a real installation. Raises LocalError where its file can't be read."""
    file = _find_file(home)
    try:
        found = Demonstration(**json.loads(file.read_text(encoding="utf-8")))
        if datetime.fromisoformat(found.now).tzinfo is None:
            raise ValueError(f"now, {found.now}, has no zone")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise LocalError(
            f"{file} can't be read ({error}): move this home away, and make run makes another demonstration"
        ) from error
    return found


def enter_home(home: Path, command: str) -> None:
    """Prepare this process for ``command`` on ``home``: a demonstration has no real connections, and its own clock.

    ``CCHC_NOW`` may set another clock there. On a real home ``up`` declines it, since no run would be scheduled. Raises
    LocalError, SettingsError.
    """
    check_clock(read_settings())
    demonstration = read_demonstration(home)
    if demonstration:
        decline_connections(home)
        os.environ["CCHC_NOW"] = os.environ.get("CCHC_NOW") or demonstration.now
    elif command == "up" and os.environ.get("CCHC_NOW"):
        raise LocalError(f"CCHC_NOW is set, so no run of {home}, which is no demonstration, would ever start: unset it")


def claim_home(home: Path) -> None:
    """Raise LocalError where ``home`` has real loads or sources, and so can't hold the simulated province."""
    decline_connections(home)
    if read_demonstration(home) is None and _has_loads(home):
        raise LocalError(
            f"{home} has loads or sources of its own and is no demonstration: make run would mix a simulated province"
            " into them. Nothing was changed. Choose another home, CCHC_HOME=/tmp/cchc-demo make run, or move this one"
            " away, if it is a demonstration of an older release"
        )


def decline_connections(home: Path) -> None:
    """Raise LocalError where the environment has a real warehouse, source or channel beside a demonstration."""
    sources = {name for profile in read_profiles() for name in (profile.connection, profile.inbox) if name}
    recipients = read_recipients(read_settings().recipients).good
    channels = {recipient.route for recipient in recipients if not _is_reserved(recipient)}
    for names, what in ((("warehouse",), "a real warehouse"), (sources, "a real source"), (channels, "real people")):
        if given := _list_given(names):
            raise LocalError(
                f"{home} is for the simulated province of make run, and {', '.join(given)} names {what}: choose"
                " another CCHC_HOME for it, or unset it"
            )


def _list_given(names: Iterable[str]) -> list[str]:
    """The environment's variables of these connections."""
    return [name for name in sorted(f"AIRFLOW_CONN_{name.upper()}" for name in names) if os.environ.get(name)]


def _is_reserved(recipient: Recipient) -> bool:
    return recipient.channel == "email" and (recipient.address or "").lower().endswith(RESERVED_DOMAINS)


def set_clock(home: Path, now: datetime) -> None:
    """Set the clock of this process and of the demonstration to ``now``; the demonstration's never goes back."""
    os.environ["CCHC_NOW"] = now.isoformat()
    known = read_demonstration(home) or _begin(now)
    newest = max(now, datetime.fromisoformat(known.now))
    moved = replace(known, now=newest.isoformat())
    if moved != known or not _find_file(home).exists():
        write_private(_find_file(home), json.dumps(asdict(moved)) + "\n")


def keep_clock(home: Path) -> None:
    """After a run on a demonstration's home: move its clock to this process's time, unless it is later."""
    if read_demonstration(home):
        set_clock(home, read_now())


@contextmanager
def begin_demonstration(home: Path, now: datetime) -> Iterator[Simulator]:
    """Make ``home`` a demonstration at ``now``, with its simulator as in ``open_simulator``."""
    set_clock(home, now)
    with open_simulator(home) as simulator:
        yield simulator


@contextmanager
def open_simulator(home: Path) -> Iterator[Simulator]:
    """The running simulator of a demonstration at this process's time; its connections are set in the environment."""
    from simulator.server import run_simulator

    demonstration = read_demonstration(home)
    if demonstration is None:
        raise LookupError(f"{home} is no demonstration")
    size, inbox = demonstration.dossiers_per_year, find_inbox(home)
    with run_simulator(seed=demonstration.seed, dossiers_per_year=size, inbox=inbox, now=read_now()) as simulator:
        os.environ.update(connect_simulator(home, simulator.base_url, demonstration))
        yield simulator


@contextmanager
def open_sources(home: Path) -> Iterator[None]:
    """Run the simulated sources of a demonstration until the block ends; another home needs nothing."""
    if read_demonstration(home) is None:
        yield
        return
    with open_simulator(home):
        yield


def connect_simulator(home: Path, base_url: str, demonstration: Demonstration) -> dict[str, str]:
    """The connections of the simulated sources, as environment variables."""
    from simulator.access import Access
    from simulator.server import list_connections

    connections = list_connections(base_url, Access(demonstration.seed), find_inbox(home))
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection) for name, connection in connections.items()}


def find_inbox(home: Path) -> Path:
    """The folder into which the simulated senders write."""
    return home / "inbox"


def _begin(now: datetime) -> Demonstration:
    from simulator.server import DEFAULT_DOSSIERS_PER_YEAR
    from simulator.values import DEFAULT_SEED

    return Demonstration(DEFAULT_SEED, DEFAULT_DOSSIERS_PER_YEAR, now.isoformat())


def _find_file(home: Path) -> Path:
    return home / "demonstration.json"


def _has_loads(home: Path) -> bool:
    """Whether the home has loads or connections, by its archive and its databases, which stay unchanged."""
    archive = home / "archive"
    if archive.is_dir() and any(archive.iterdir()):
        return True
    if not (home / "postgres" / "data").exists():
        return False
    with open_database(home) as database:
        # Connections that were set in Airflow's pages are in its own table.
        return _has_rows(database, "cchc_owner", "cchc", "ops.load") or _has_rows(
            database, "airflow", "airflow", "public.connection"
        )


def _has_rows(database: Database, role: str, name: str, table: str) -> bool:
    with psycopg.connect(database.url(role, name)) as connection:
        (has_table,) = connection.execute("select to_regclass(%s) is not null", [table]).fetchone() or (False,)
        query = sql.SQL("select exists (select from {})").format(sql.Identifier(*table.split(".")))
        (has_rows,) = (has_table and connection.execute(query).fetchone()) or (False,)
    return bool(has_rows)
