"""A home whose warehouse was made before release 0.1.0: it is declined, and its archive serves a new warehouse."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cchc.local import LocalError
from cchc.local.embedded import open_database
from cchc.local.warehouse import prepare_warehouse

OLDER = "update ops.schema_migration set file = 'schema/0004_staging.sql' where file = 'schema/0006_staging.sql'"
TABLES = "select count(*) from information_schema.tables where table_schema = 'mart'"


def test_older_warehouse_is_declined_and_the_named_steps_make_a_new_one_beside_the_archive(home: Path) -> None:
    with open_database(home) as database:
        prepare_warehouse(database)
        with psycopg.connect(database.url("cchc_owner")) as connection:
            connection.execute(OLDER)
    capture = home / "archive" / "national_portal" / "H58" / "2024-12-31" / "page-001.json.gz"
    capture.parent.mkdir(parents=True)
    capture.write_bytes(b"as received")
    with open_database(home) as database, pytest.raises(LocalError, match="move the folder postgres out of the home"):
        prepare_warehouse(database)
    (home / "postgres").rename(home.parent / "postgres-before-0.1.0")
    with open_database(home) as database:
        prepare_warehouse(database)
        with psycopg.connect(database.url("cchc_analyst")) as connection:
            row = connection.execute(TABLES).fetchone()
    assert row is not None
    assert row[0] > 5
    assert capture.read_bytes() == b"as received"
