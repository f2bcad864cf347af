"""``make docs``: writes the generated pages of docs/ from the catalog, the profiles and a scratch database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg

from cchc.catalog import load_catalog
from cchc.local import LocalError
from cchc.local.embedded import Database, open_database
from cchc.mistake import MistakesError
from cchc.presentation.reference_pages import read_relations, render_documents
from cchc.settings import CHECKOUT, read_settings
from cchc.sources.profile import read_all_profiles
from cchc.warehouse.migrations import migrate

DOCS = CHECKOUT / "docs"
SCRATCH = "cchc_docs"


def write_documents(home: Path) -> int:
    """Write the generated pages into docs/; returns 0. Raises LocalError for a catalog or profile with mistakes.

    The schema is migrated in a scratch database, so that the state of the installation's warehouse doesn't matter.
    """
    settings = read_settings()
    try:
        catalog, profiles = load_catalog(settings.catalog, settings.province), read_all_profiles()
        for error in profiles.rejected.values():
            raise error
    except MistakesError as error:
        raise LocalError(str(error)) from error
    with open_database(home) as database:
        relations = _read_schema(database)
    for name, text in render_documents(catalog, list(profiles.good), relations).items():
        (DOCS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/{name}\n")
    return 0


def _read_schema(database: Database) -> list[dict[str, Any]]:
    """The relations of this checkout's schema, whatever the state of the installation's own warehouse."""
    with psycopg.connect(database.url("postgres", "postgres"), autocommit=True) as server:
        server.execute(f"drop database if exists {SCRATCH} with (force)")  # of a run that was killed
        server.execute(f"create database {SCRATCH} owner cchc_owner")
        try:
            with psycopg.connect(database.url("cchc_owner", SCRATCH)) as connection:
                migrate(connection)
                return read_relations(connection)
        finally:
            server.execute(f"drop database {SCRATCH} with (force)")
