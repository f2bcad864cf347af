"""The sync of ops.source with the profiles: the sources and entities that are expected, whether loads come or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import psycopg

from cchc.sources.profile import Profile
from cchc.warehouse.connection import take_lock


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
    with connection.transaction(), connection.cursor() as cursor:
        take_lock(connection, "sources")
        # Without a profile nothing computes the measures of a source.
        cursor.execute("delete from ops.dirty_date where source <> all(%s)", [known])
        cursor.execute(
            "delete from ops.source where (source, entity) not in (select * from unnest(%s::text[], %s::text[]))"
            " and source <> all(%s)",
            [[row[0] for row in rows], [row[1] for row in rows], list(rejected)],
        )
        cursor.executemany(
            "insert into ops.source (source, entity, name_vi, connection, allowed_delay_days)"
            " values (%s, %s, %s, %s, %s) on conflict (source, entity) do update set name_vi = excluded.name_vi,"
            " connection = excluded.connection, allowed_delay_days = excluded.allowed_delay_days",
            rows,
        )
