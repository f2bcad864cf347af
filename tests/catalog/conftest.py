"""The catalog of this checkout, and a small one in which tests make mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cchc.catalog import Catalog, load_catalog
from cchc.settings import INCLUDE
from tests.catalog.small_catalog import FILES, Load


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The catalog of this checkout."""
    return load_catalog(INCLUDE / "catalog", "H58")


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a small right catalog, with some of its files replaced: ``load({"plan_2024.yaml": "…"})``."""

    def write_and_load(files: dict[str, str] | None = None, province: str = "H58") -> Catalog:
        for name, text in (FILES | (files or {})).items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return load_catalog(tmp_path, province, is_strict=True)

    return write_and_load
