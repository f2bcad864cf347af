"""Reading the connection ``warehouse`` as Airflow would."""

from __future__ import annotations

import json

import pytest

from cchc.local import LocalError
from cchc.local.warehouse_login import read_login

WANTED = {
    "host": "db.example",
    "port": "6432",
    "user": "cchc loader",
    "password": "p@ss/w:rd%",
    "dbname": "cchc",
    "sslmode": "verify-full",
}


def test_json_and_uri_give_the_same_login() -> None:
    fields = {
        "conn_type": "postgres",
        "host": "db.example",
        "port": 6432,
        "login": "cchc loader",
        "password": "p@ss/w:rd%",
        "schema": "cchc",
    }
    assert read_login(json.dumps({**fields, "extra": {"sslmode": "verify-full"}})) == WANTED
    assert read_login(json.dumps({**fields, "extra": '{"sslmode": "verify-full"}'})) == WANTED
    uri = "postgresql://cchc%20loader:p%40ss%2Fw%3Ard%25@db.example:6432/cchc?sslmode=verify-full"
    assert read_login(uri) == WANTED


def test_missing_field_stays_missing() -> None:
    assert read_login('{"conn_type": "postgres", "host": "db.example"}') == {"host": "db.example"}
    assert read_login("postgres://db.example") == {"host": "db.example"}


@pytest.mark.parametrize(
    "text", ["{secret", "postgres://user:secret@host:port/db", '{"conn_type": "mysql", "login": "secret"}', "secret"]
)
def test_invalid_connection_is_declined_without_its_text(text: str) -> None:
    with pytest.raises(LocalError, match="AIRFLOW_CONN_WAREHOUSE is") as declined:
        read_login(text)
    assert "secret" not in str(declined.value)
