"""A home that ``make run`` fills with the simulated province: its mark, its clock, its simulator.

The mark is the file ``demonstration.json`` of the home: seed and size of the province, and where its clock stands. A
home that has it asks no real source; one that has real loads is never given it.
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

if TYPE_CHECKING:  # the simulator is no part of the product: only a demonstration needs it
    from simulator.server import Simulator


# Domains that are nobody's (RFC 2606): what is sent to them reaches no person.
NOBODYS = (".invalid", ".example", ".test")


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
        if datetime.fromisoformat(found.now).tzinfo is None:
            raise ValueError(f"now, {found.now}, has no zone")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise LocalError(
            f"{mark} can't be read ({error}): move this home away, and make run makes another demonstration"
        ) from error
    return found


def enter_home(home: Path, command: str) -> None:
    """Before ``command`` works on ``home``: a demonstration's has nothing real beside it, and its own clock.

    ``CCHC_NOW`` may set another clock there; on a real home nothing would be scheduled by it. Raises LocalError,
    SettingsError.
    """
    check_clock(read_settings())
    demonstration = read_demonstration(home)
    if demonstration:
        refuse_connections(home)
        os.environ["CCHC_NOW"] = os.environ.get("CCHC_NOW") or demonstration.now
    elif command == "up" and os.environ.get("CCHC_NOW"):
        raise LocalError(f"CCHC_NOW is set, so no night of {home}, which is no demonstration, would ever run: unset it")


def claim_home(home: Path) -> None:
    """Check that ``home`` may hold the simulated province. Raises LocalError where it has real loads or sources."""
    refuse_connections(home)
    if read_demonstration(home) is None and _has_loads(home):
        raise LocalError(
            f"{home} has loads or sources of its own and is no demonstration: make run would mix a simulated province"
            " into them. Nothing was changed. Choose another home, CCHC_HOME=/tmp/cchc-demo make run, or move this one"
            " away, if it is a demonstration of an older release"
        )


def refuse_connections(home: Path) -> None:
    """Raises LocalError where the environment names a real warehouse, source or channel beside a demonstration."""
    sources = {name for profile in read_profiles() for name in (profile.connection, profile.inbox) if name}
    channels = {told.route for told in read_recipients(read_settings().recipients).good if not _is_nobodys(told)}
    for names, what in ((("warehouse",), "a real warehouse"), (sources, "a real source"), (channels, "real people")):
        if given := _list_given(names):
            raise LocalError(
                f"{home} is for the simulated province of make run, and {', '.join(given)} names {what}: choose"
                " another CCHC_HOME for it, or unset it"
            )


def _list_given(names: Iterable[str]) -> list[str]:
    """The variables of these connections that the environment has."""
    return [name for name in sorted(f"AIRFLOW_CONN_{name.upper()}" for name in names) if os.environ.get(name)]


def _is_nobodys(recipient: Recipient) -> bool:
    return recipient.channel == "email" and (recipient.address or "").lower().endswith(NOBODYS)


def set_clock(home: Path, now: datetime) -> None:
    """Let this process live at ``now``, and mark ``home`` with it; a mark is never moved back."""
    os.environ["CCHC_NOW"] = now.isoformat()
    known = read_demonstration(home) or _begin(now)
    newest = max(now, datetime.fromisoformat(known.now))
    marked = replace(known, now=newest.isoformat())
    if marked != known or not _find_mark(home).exists():
        write_private(_find_mark(home), json.dumps(asdict(marked)) + "\n")


def keep_clock(home: Path) -> None:
    """After a night on a demonstration's home: its clock stands at least where this process lived."""
    if read_demonstration(home):
        set_clock(home, read_now())


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
    """On a demonstration's home its simulated sources run until the block ends; on any other nothing is done."""
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
    """The folder that the simulated senders write into."""
    return home / "inbox"


def _begin(now: datetime) -> Demonstration:
    from simulator.values import DEFAULT_SEED
    from simulator.server import DEFAULT_DOSSIERS_PER_YEAR

    return Demonstration(DEFAULT_SEED, DEFAULT_DOSSIERS_PER_YEAR, now.isoformat())


def _find_mark(home: Path) -> Path:
    return home / "demonstration.json"


def _has_loads(home: Path) -> bool:
    """Whether anything was ever loaded or is to be: by the archive, or the databases, which are only looked into."""
    archive = home / "archive"
    if archive.is_dir() and any(archive.iterdir()):
        return True
    if not (home / "postgres" / "data").exists():
        return False
    with open_database(home) as database:
        # Sources that were set in Airflow's pages stand in its own table.
        return _has_rows(database, "cchc_owner", "cchc", "ops.load") or _has_rows(
            database, "airflow", "airflow", "public.connection"
        )


def _has_rows(database: Database, role: str, name: str, table: str) -> bool:
    with psycopg.connect(database.url(role, name)) as connection:
        (has_table,) = connection.execute("select to_regclass(%s) is not null", [table]).fetchone() or (False,)
        query = sql.SQL("select exists (select from {})").format(sql.Identifier(*table.split(".")))
        (has_rows,) = (has_table and connection.execute(query).fetchone()) or (False,)
    return bool(has_rows)
