"""The pipeline of tests/warehouse."""

from __future__ import annotations

from tests.warehouse.conftest import _great_expectations, pipeline

__all__ = ["_great_expectations", "pipeline"]
