"""Whole nights for the oracle: the installations of tests/nights."""

from __future__ import annotations

from tests.nights.conftest import airflow_metadata, make_installation

__all__ = ["airflow_metadata", "make_installation"]
