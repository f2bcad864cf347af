"""The environment variables that libpq reads: those of its keywords and some more."""

from __future__ import annotations

from psycopg.pq import Conninfo

LIBPQ_VARIABLES = sorted(
    {keyword.envvar.decode() for keyword in Conninfo.get_defaults() if keyword.envvar}
    | {"PGDATESTYLE", "PGTZ", "PGGEQO", "PGSYSCONFDIR", "PGLOCALEDIR", "PGSERVICEFILE"}
)
