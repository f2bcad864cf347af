"""Whole nights for the oracle: the installations of tests/runs."""

from __future__ import annotations

from tests.runs.conftest import airflow_metadata, make_installation

__all__ = ["airflow_metadata", "make_installation"]
