"""A fresh pipeline for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from cchc.settings import SOURCES
from cchc.sources.profile import read_profile
from cchc.sources.raw_archive import Archive
from tests.conftest import Warehouse
from tests.warehouse.pipeline import Pipeline


@pytest.fixture
def pipeline(warehouse: Warehouse, tmp_path: Path) -> Pipeline:
    archive = Archive(tmp_path / "archive", "national_portal", "H58")
    return Pipeline(warehouse, archive, read_profile(SOURCES / "national_portal.yaml"))
