"""The source profiles in the warehouse: ops.source says what is expected, whether it came or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import psycopg

from cchc.sources.profile import Profile
from cchc.warehouse.connection import take_lock


def sync_sources(connection: psycopg.Connection, profiles: Iterable[Profile], refused: Collection[str] = ()) -> None:
    """Bring ops.source to what the profiles say; commits.

    Rows of sources whose profiles are ``refused`` stay as they are: they are still expected, and so become late.
    """
    rows = [
        (profile.source, entity, profile.name_vi, profile.connection, profile.allowed_delay_days)
        for profile in profiles
        for entity in profile.entities
    ]
    known = [*{row[0] for row in rows}, *refused]
    with connection.transaction(), connection.cursor() as cursor:
        take_lock(connection, "sources")
        # Nothing will ever measure what a source has brought whose profile is gone.
        cursor.execute("delete from ops.dirty_date where source <> all(%s)", [known])
        cursor.execute(
            "delete from ops.source where (source, entity) not in (select * from unnest(%s::text[], %s::text[]))"
            " and source <> all(%s)",
            [[row[0] for row in rows], [row[1] for row in rows], list(refused)],
        )
        cursor.executemany(
            "insert into ops.source (source, entity, name_vi, connection, allowed_delay_days)"
            " values (%s, %s, %s, %s, %s) on conflict (source, entity) do update set name_vi = excluded.name_vi,"
            " connection = excluded.connection, allowed_delay_days = excluded.allowed_delay_days",
            rows,
        )
