"""fetch_scope: the ledger decides which archived load a run uses, and whether the source is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from cchc.calendar import LOCAL
from cchc.settings import SOURCES
from cchc.sources.errors import SourceError, SourceRefusedError
from cchc.sources.fetching import read_target
from cchc.sources.load import Load
from cchc.sources.profile import ApiProfile, read_profile
from cchc.sources.raw_archive import Archive
from cchc.sources.window import Window
from cchc.tasks import fetching
from cchc.tasks.fetching import fetch_scope, recording_failure
from cchc.warehouse.ingest_runs import open_run, read_halt_reason
from cchc.warehouse.ledger import LoadOutcome, write_load
from simulator.server import DEFAULT_NOW, Simulator, run_simulator
from tests.conftest import Warehouse

DAY = date(2024, 12, 31)
RUN = "ingest_national_portal/manual__1"
WINDOW = Window("transparency", "year", date(2024, 1, 1), DAY)


@dataclass
class Fetch:
    """Fetches the window of a run, with a portal, an archive and a ledger."""

    connection: psycopg.Connection
    portal: Simulator
    archive: Archive
    profile: ApiProfile

    def __call__(self, day: date = DAY) -> Load:
        return fetch_scope(self.connection, self.profile, self.archive, WINDOW, day)

    def record(self, load: Load, status: str) -> None:
        """Give a load a status in the ledger."""
        parameters = {**load.parameters(), "run_id": RUN, "started_at": datetime.now(UTC)}
        with self.connection.transaction():
            write_load(self.connection, parameters, LoadOutcome(status, 0, 0, 0, 0))

    def answer_otherwise(self) -> None:
        """Let the portal answer with other bytes, later on the same day."""
        self.portal.set_clock(datetime(2025, 1, 1, 18, 20, tzinfo=LOCAL))
        self.portal.set_fault("transparency", "unknown_field")

    @property
    def asked(self) -> int:
        """The number of requests so far."""
        return len(self.portal.requests())


@pytest.fixture(scope="module")
def portal() -> Iterator[Simulator]:
    with run_simulator(dossiers_per_year=10_000) as simulator:
        yield simulator


@pytest.fixture
def fetch(portal: Simulator, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fetch]:
    profile = read_profile(SOURCES / "national_portal.yaml").api
    assert profile
    portal.set_clock(DEFAULT_NOW)
    portal.clear_faults()
    extra = {"root_department_id": portal.root_department_id, "pause_seconds": 0}
    monkeypatch.setattr(fetching, "read_source_target", lambda _: read_target(profile, portal.base_url, extra))
    monkeypatch.setattr(fetching, "current_run_id", lambda: RUN)
    monkeypatch.setattr(fetching, "current_day", lambda: DAY)
    with psycopg.connect(warehouse.url("cchc_loader"), autocommit=True) as connection:
        open_run(connection, profile.source, DAY, RUN)
        yield Fetch(connection, portal, Archive(tmp_path, profile.source, "H58"), profile)


@pytest.mark.parametrize("status", [None, "published", "failed"])
def test_archived_load_is_used_and_the_source_is_not_asked(fetch: Fetch, status: str | None) -> None:
    first = fetch()
    if status:
        fetch.record(first, status)
    asked = fetch.asked
    fetch.answer_otherwise()
    assert fetch() == first
    assert fetch.asked == asked


def test_stopped_load_gives_way_to_a_new_answer(fetch: Fetch) -> None:
    stopped = fetch()
    fetch.record(stopped, "stopped")
    fetch.answer_otherwise()
    later = fetch()
    assert later != stopped
    assert fetch() == later


def test_stopped_load_is_used_where_the_answer_is_the_same(fetch: Fetch) -> None:
    stopped = fetch()
    fetch.record(stopped, "stopped")
    assert fetch().load_id == stopped.load_id


def test_first_snapshot_of_a_day_stays_in_use_when_another_run_gets_a_later_one(fetch: Fetch) -> None:
    first = fetch()
    fetch.answer_otherwise()
    asked = fetch.asked
    assert fetch(DAY + timedelta(days=1)) == first
    assert fetch.asked == asked + 1
    assert len(fetch.archive.find(WINDOW.name, DAY)) == 2


def test_stopped_load_is_all_there_is_where_the_source_is_not_configured(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = fetch()
    fetch.record(stopped, "stopped")
    monkeypatch.setattr(fetching, "read_source_target", lambda _: None)
    assert fetch() == stopped
    with pytest.raises(SourceError, match="nothing is archived, and its source is not configured"):
        fetch(DAY - timedelta(days=9))


def test_refusal_halts_the_run_and_is_recorded(fetch: Fetch) -> None:
    fetch.portal.set_fault("*", "forbidden")
    with (
        pytest.raises(SourceRefusedError),
        recording_failure(fetch.connection, "national_portal", WINDOW, is_alone=True),
    ):
        fetch()
    assert "HTTP 403" in (read_halt_reason(fetch.connection, "national_portal", DAY, RUN) or "")
    asked = fetch.asked
    with pytest.raises(SourceError, match="not asked, since national_portal is left alone in this run"):
        fetch()
    assert fetch.asked == asked
    recorded = fetch.connection.execute("select entity, status, archive_uri from ops.load").fetchall()
    assert recorded == [("transparency", "failed", None)]
