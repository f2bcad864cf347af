"""What the tasks of alerting take from the environment."""

from __future__ import annotations

import logging

import pytest

from cchc.tasks.alerts import read_access


def test_channel_is_what_its_connection_says(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_channel_without_a_connection_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_ALERTS_SMTP", raising=False)
    assert read_access("alerts_smtp") is None


def test_connection_whose_extra_is_no_object_is_left_aside(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS_SMTP", '{"conn_type": "smtp", "host": "h", "extra": "[1]"}')
    with caplog.at_level(logging.WARNING):
        assert read_access("alerts_smtp") is None
    assert "alerts_smtp is left aside" in caplog.text
