"""Fixtures for whole runs of the pipeline: the installations of tests/runs."""

from __future__ import annotations

from tests.runs.conftest import airflow_metadata, make_installation

__all__ = ["airflow_metadata", "make_installation"]
