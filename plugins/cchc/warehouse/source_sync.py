"""The sync of ops.source with the profiles: the sources and entities that are expected, whether loads come or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import psycopg

from cchc.sources.profile import Profile
from cchc.warehouse.connection import run_file, take_lock

# The parameters of include/sql/sync/sources.sql, a list of values for each.
COLUMNS = ("sources", "entities", "names_vi", "connections", "allowed_delay_days")


def sync_sources(connection: psycopg.Connection, profiles: Iterable[Profile], rejected: Collection[str] = ()) -> None:
    """Bring ops.source up to date with the profiles; commits.

    Rows of sources whose profiles are ``rejected`` stay as they are: these are still expected, and so become late.
    """
    rows = [
        (profile.source, entity, profile.name_vi, profile.connection, profile.allowed_delay_days)
        for profile in profiles
        for entity in profile.entities
    ]
    known = [*{row[0] for row in rows}, *rejected]
    with connection.transaction():
        take_lock(connection, "sources")
        # Without a profile nothing computes the measures of a source.
        connection.execute("delete from ops.dirty_date where source <> all(%s)", [known])
        connection.execute(
            "delete from ops.source where (source, entity) not in (select * from unnest(%s::text[], %s::text[]))"
            " and source <> all(%s)",
            [[row[0] for row in rows], [row[1] for row in rows], list(rejected)],
        )
        lists = [list(values) for values in zip(*rows, strict=True)] or [[]] * len(COLUMNS)
        run_file(connection, "sync/sources.sql", dict(zip(COLUMNS, lists, strict=True)))
