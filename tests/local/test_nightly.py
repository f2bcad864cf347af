"""Runs by hand are declined where a scheduler would run their tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from cchc.local import LocalError
from cchc.local.nightly import run_nightly
from cchc.settings import CHECKOUT


def test_service_of_the_stack_declines_a_run_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg://airflow@metadata/airflow")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "{}")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(CHECKOUT / "dags"))
    with pytest.raises(LocalError, match="trigger the day there"):
        run_nightly(tmp_path / "home", "2024-12-30", "")
    assert not (tmp_path / "home").exists()
