"""The tasks of alerts: the access to channels in the environment, and mistakes of the recipients' file."""

from __future__ import annotations

import json
import logging
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from cchc.mistake import CatalogError
from cchc.tasks.alerts import evaluate_alerts, read_access
from tests.alerts.attainment_fixture import AttainmentFixture
from tests.conftest import Warehouse

DAY = date(2024, 6, 3)
GOOD = """
recipients:
  - {id: lanh-dao, name_vi: Lãnh đạo, audience: performance, channel: email,
     address: a@example.invalid, agencies: [H58]}
"""
SPOILT = "  - {id: so-y-te, name_vi: Sở Y tế, audience: performance, channel: fax, agencies: [H58]}\n"


def test_access_has_the_fields_of_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = (
        '{"conn_type": "smtp", "host": "mail.example.invalid", "port": 587, "password": "p", "extra": {"timeout": 5}}'
    )
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS_SMTP", connection)
    access = read_access("alerts_smtp")
    assert access is not None
    assert (access.host, access.port, access.password, access.extra) == (
        "mail.example.invalid",
        587,
        "p",
        {"timeout": "5"},
    )
    assert "password" not in repr(access)


def test_access_without_a_connection_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_ALERTS_SMTP", raising=False)
    assert read_access("alerts_smtp") is None


def test_connection_whose_extra_is_no_object_is_skipped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS_SMTP", '{"conn_type": "smtp", "host": "h", "extra": "[1]"}')
    with caplog.at_level(logging.WARNING):
        assert read_access("alerts_smtp") is None
    assert "alerts_smtp is skipped" in caplog.text


@pytest.fixture
def fallen(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The recipients' file of a warehouse whose province has fallen below a target and isn't evaluated yet."""
    server, file = warehouse.server, tmp_path / "recipients.yaml"
    login = {
        "conn_type": "postgres", "host": server.host, "port": server.port, "schema": warehouse.database,
        "login": "cchc_loader", "password": server.credentials["cchc_loader"],
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(login))
    monkeypatch.setenv("CCHC_RECIPIENTS", str(file))
    monkeypatch.setenv("CCHC_NOW", "2024-06-06T05:00:00+07:00")
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        attainment = AttainmentFixture(connection)
        attainment.add_indicator()
        attainment.add_agency("H58", "Tỉnh Tiền Giang", "province")
        for number, value in enumerate((46, 44, 44)):
            attainment.put(DAY + timedelta(days=number), value)
    return file


def test_mistake_in_one_recipient_suppresses_no_other(
    fallen: Path, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    fallen.write_text(GOOD + SPOILT, encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        evaluate_alerts()
    assert warehouse.query("select recipient from ops.notification") == [("lanh-dao",)]
    assert "recipients.yaml, recipient so-y-te, field channel: " in caplog.text


def test_without_a_valid_recipient_the_next_evaluation_covers_the_changes(fallen: Path, warehouse: Warehouse) -> None:
    fallen.write_text(f"recipients:\n{SPOILT}", encoding="utf-8")
    with pytest.raises(CatalogError, match="recipient so-y-te, field channel"):
        evaluate_alerts()
    assert warehouse.query("select count(*) from ops.alert") == [(0,)]
    fallen.write_text(GOOD, encoding="utf-8")
    evaluate_alerts()
    assert warehouse.query("select recipient from ops.notification") == [("lanh-dao",)]
