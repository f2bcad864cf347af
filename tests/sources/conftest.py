"""The real profile, a running portal and a server of exact bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc.settings import SOURCES
from cchc.sources.profile import PortalProfile, read_profile
from cchc.sources.raw_archive import Archive
from simulator.server import DEFAULT_NOW, Simulator, run_simulator
from tests.sources.scripted_server import Script, serve_script


@pytest.fixture(scope="session")
def profile() -> PortalProfile:
    return read_profile(SOURCES / "national_portal.yaml")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", "national_portal", "H58")


@pytest.fixture(scope="session")
def running_portal() -> Iterator[Simulator]:
    with run_simulator(dossiers_per_year=50_000) as simulator:
        yield simulator


@pytest.fixture
def portal(running_portal: Simulator) -> Iterator[Simulator]:
    """The simulator on the morning after 31 December 2024, without faults."""
    running_portal.set_clock(DEFAULT_NOW)
    running_portal.clear_faults()
    yield running_portal
    running_portal.clear_faults()


@pytest.fixture
def script() -> Iterator[Script]:
    with serve_script() as served:
        yield served
