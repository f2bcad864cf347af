"""Benchmark of an ingest run and the attainment after it: time, peak memory and distance from the floor of each part.

The floor is COPY of as many rows of the same width into an unlogged table, in the same run on the same server. Each
part runs in its own process, so that its peak memory is its own; imports are a part too.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from cchc.calendar import DateRange
from cchc.catalog import load_catalog
from cchc.indicators.attainment import compute_attainment
from cchc.local.embedded import Database, open_database
from cchc.quality.audit import audit
from cchc.settings import CHECKOUT, SOURCES
from cchc.sources.http import Response
from cchc.sources.load import Load
from cchc.sources.profile import read_profile, read_profiles
from cchc.sources.raw_archive import Archive
from cchc.sources.window import Window
from cchc.warehouse.catalog_sync import sync_catalog
from cchc.warehouse.connection import Login, connect
from cchc.warehouse.migrations import migrate
from cchc.warehouse.publish import publish
from cchc.warehouse.staging import stage
from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID, read_agencies
from simulator.faults import Fault, alter_payload
from simulator.periods import Period
from simulator.values import Values
from simulator.wire import Query, encode_payload, write_payload

DAY = date(2024, 12, 31)
METRICS = 7  # metrics of each department at the endpoint
PROFILE = read_profile(SOURCES / "national_portal.yaml")


@dataclass(frozen=True)
class Part:
    """A measured part: seconds, and the process's peak memory in MiB."""

    name: str
    seconds: float
    peak_mib: float


def main(rows: int) -> int:
    """Measure the parts and print them."""
    with TemporaryDirectory(prefix="cchc-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # root runs the database as another user
        with open_database(folder / "home") as database:
            parts = list(measure(folder, database, rows))
    write_table("ingest", f"{rows:,} rows of the portal, one load", parts)
    return 0


def write_table(name: str, title: str, parts: list[Part]) -> None:
    """Print the parts, and store them in ``bench/`` of CCHC_HOME, or of the checkout's .cchc."""
    table = format_table(title, parts)
    sys.stdout.write(table)
    target = CHECKOUT / os.environ.get("CCHC_HOME", ".cchc") / "bench" / f"{name}.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(table, encoding="utf-8")


def measure(folder: Path, database: Database, rows: int) -> Iterator[Part]:
    """The floor, then the parts in the order of a run."""
    with psycopg.connect(database.url("cchc_owner")) as connection:
        migrate(connection)
    login = Login(database.host, database.port, "cchc", "cchc_loader", database.credentials["cchc_loader"])
    load = archive_answer(folder / "archive", rows)
    yield run_apart("floor: COPY of the same rows", copy_floor, database, load)
    yield run_apart("import pandas and Great Expectations", import_libraries)
    yield run_apart("stage", stage_load, login, load)
    yield run_apart("audit (with its imports)", audit_load, login, load)
    yield run_apart("publish", publish_load, login, load)
    with psycopg.connect(database.url("cchc_owner")) as connection:  # attainment is measured for a real province
        connection.execute("truncate ops.load cascade")
    real = archive_answer(folder / "archive", 0)
    for step in (stage_load, audit_load, publish_load):
        run_apart(step.__name__, step, login, real)
    yield run_apart("catalog (456 agencies, 47 indicators, 53 tasks)", store, login)
    yield run_apart("compute one day", compute_days, login, DateRange.inclusive(DAY, DAY))
    yield run_apart("compute 92 days", compute_days, login, DateRange.inclusive(date(2024, 10, 1), DAY))


def archive_answer(root: Path, rows: int) -> Load:
    """An archived answer of about ``rows`` values, at least those of the province."""
    window = Window("dossier-digitized", "year", date(2024, 1, 1), DAY)
    query = Query(window.entity, Period("year", window.start, window.end), 1, 1000, DAY)
    payload = write_payload(Values(1, 900_000, read_agencies()), query)
    extra = rows // METRICS - len(payload["data"]["evaluation"]) - 1
    if extra > 0:
        payload = alter_payload(payload, Fault(kind="many_bad_rows", n=1, good=extra))
    body = encode_payload(payload)
    answer = Response(
        "bench", {"rootDepartmentId": ROOT_DEPARTMENT_ID}, 201, "application/json", body, datetime.now(UTC)
    )
    capture = Archive(root, PROFILE.source, ROOT_CODE).keep(window.name, DAY, [answer])
    return Load(PROFILE.source, window, capture)


def copy_floor(database: Database, load: Load) -> None:
    """COPY of the bytes of an earlier COPY: no parsing, no Python objects."""
    with psycopg.connect(database.url("cchc_loader")) as connection:
        stage(connection, PROFILE, load, ROOT_CODE)
        with connection.cursor().copy("copy staging.national_portal_statistic to stdout") as copy:
            data = b"".join(copy)
        connection.execute("delete from staging.national_portal_statistic")
        connection.commit()
        with timed():
            with connection.cursor().copy("copy staging.national_portal_statistic from stdin") as copy:
                copy.write(data)
            connection.commit()


def import_libraries() -> None:
    """The imports of every audit's process."""
    with timed():
        import great_expectations  # noqa: F401
        import pandas as pd  # noqa: F401


def stage_load(login: Login, load: Load) -> None:
    """Parse the answer and COPY its rows."""
    with connect(login) as connection, timed():
        stage(connection, PROFILE, load, ROOT_CODE)


def audit_load(login: Login, load: Load) -> None:
    """Audit by both suites."""
    with connect(login) as connection, timed():
        audit(connection, login, PROFILE, [load], "bench")


def publish_load(login: Login, load: Load) -> None:
    """Publish in one transaction."""
    with connect(login) as connection, timed():
        publish(connection, PROFILE, load, "bench")


def store(login: Login) -> None:
    """Read the catalog's files and sync the warehouse."""
    with connect(login) as connection, timed():
        sync_catalog(connection, load_catalog(CHECKOUT / "include" / "catalog", ROOT_CODE))


def compute_days(login: Login, days: DateRange) -> None:
    """Compute all indicators, variants and agencies of the days."""
    with connect(login) as connection, timed():
        compute_attainment(connection, read_profiles(), ROOT_CODE, days, "bench")


SECONDS = "SECONDS"


@contextmanager
def timed() -> Iterator[None]:
    """Measure a part without its preparation; ``run_apart`` reads the seconds in this process."""
    started = time.perf_counter()
    yield
    os.environ[SECONDS] = repr(time.perf_counter() - started)


def run_apart(name: str, function: Callable[..., None], *arguments: Any) -> Part:
    """Run a part in its own process."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=report, args=(sender, function, arguments))
    process.start()
    sender.close()
    seconds, peak = receiver.recv()
    process.join()
    return Part(name, seconds, peak)


def report(sender: Any, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Run a part and send its seconds and peak memory."""
    function(*arguments)
    sender.send((float(os.environ[SECONDS]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def format_table(title: str, parts: list[Part]) -> str:
    """The parts as text, each against the floor, which comes first."""
    floor = parts[0].seconds
    lines = [title, f"{'part':<40}{'seconds':>9}{'× floor':>9}{'peak MiB':>10}"]
    lines += [
        f"{part.name:<40}{part.seconds:>9.2f}{part.seconds / floor:>9.1f}{part.peak_mib:>10.0f}" for part in parts
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
