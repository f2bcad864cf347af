"""The Airflow connection ``warehouse`` as libpq keywords, read without the import of Airflow (4–5 s)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cchc.local import LocalError

# libpq keyword → field of an Airflow connection
FIELDS = {"host": "host", "port": "port", "user": "login", "password": "password", "dbname": "schema"}


def read_login(text: str) -> dict[str, str]:
    """The libpq keywords (host, port, user, password, dbname, sslmode …) in an ``AIRFLOW_CONN_…`` value.

    It reads both of Airflow's forms, JSON and URI. Raises LocalError without the text, which has a password.
    """
    try:
        fields = _read_json(text) if text.lstrip().startswith("{") else _read_uri(text)
    except ValueError as error:
        raise LocalError("AIRFLOW_CONN_WAREHOUSE is neither an Airflow connection in JSON nor a URI") from error
    if fields["conn_type"] not in ("postgres", "postgresql"):
        raise LocalError(f"AIRFLOW_CONN_WAREHOUSE is a connection of type {fields['conn_type']}, not postgres")
    named = {keyword: fields.get(field) for keyword, field in FIELDS.items()}
    keywords = {**named, **fields["extra"]}
    return {keyword: str(value) for keyword, value in keywords.items() if value not in (None, "")}


def _read_json(text: str) -> dict[str, Any]:
    fields = json.loads(text)
    extra = fields.get("extra") or {}
    return {"conn_type": None, **fields, "extra": json.loads(extra) if isinstance(extra, str) else extra}


def _read_uri(text: str) -> Mapping[str, Any]:
    parts = urlsplit(text)
    return {
        "conn_type": parts.scheme,
        "host": unquote(parts.hostname or ""),
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": unquote(parts.path.removeprefix("/")),
        "extra": dict(parse_qsl(parts.query)),
    }
