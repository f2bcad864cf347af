"""The pipeline of tests/warehouse."""

from __future__ import annotations

from tests.warehouse.conftest import pipeline

__all__ = ["pipeline"]
