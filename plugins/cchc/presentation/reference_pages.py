"""``make docs``: the pages of docs/ that are written from what they describe.

docs/indicators.md tells the catalog, docs/sources.md the source profiles and their suites, docs/data-dictionary.md the
schema with its COMMENTs. The same catalog, profiles, suites and SQL give the same pages, on any machine and day.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
import psycopg
from jinja2.filters import make_attrgetter
from psycopg.rows import dict_row

from cchc.catalog import Catalog, indicator_rows, load_catalog
from cchc.catalog.rows import PRIMARY
from cchc.local import LocalError
from cchc.local.embedded import Database, open_database
from cchc.mistake import MistakesError
from cchc.settings import CHECKOUT, EXPECTATIONS, INCLUDE, SOURCES, SQL, read_settings
from cchc.sources.profile import PortalProfile, Profile, read_all_profiles
from cchc.warehouse.migrations import migrate

DOCS = CHECKOUT / "docs"
SCRATCH = "cchc_docs"

# What has a meaning of its own in a table of Markdown, or would be taken for HTML.
SPECIAL = re.compile(r"([\\|*<])")
SQL_PARAMETER = re.compile(r"%\((\w+)\)s")
PROFILE_FIELD = re.compile(r"(\w+):(?:.*?\s#\s+(.*))?")

RELATIONS = """
select
    n.nspname as schema,
    obj_description(n.oid, 'pg_namespace') as schema_comment,
    n.nspname || '.' || c.relname as relation_name,
    case when c.relkind = 'v' then 'View.' when c.relpersistence = 'u' then 'Unlogged table.' else 'Table.' end as kind,
    obj_description(c.oid, 'pg_class') as relation_comment,
    a.attname as "column",
    format_type(a.atttypid, a.atttypmod) as type,
    c.relkind = 'r' and not a.attnotnull as may_be_null,
    array_position(k.conkey, a.attnum) as key_place,
    r.confrelid::regclass::text as refers_to,
    col_description(c.oid, a.attnum) as comment
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
left join pg_constraint as k on c.oid = k.conrelid and k.contype = 'p'
left join pg_constraint as r on c.oid = r.conrelid and r.contype = 'f' and r.conkey = array[a.attnum]
where n.nspname in ('core', 'mart', 'ops', 'staging') and c.relkind in ('r', 'v')
order by n.nspname, c.relname, a.attnum
"""


def write_documents(home: Path) -> int:
    """Write the generated pages into docs/; returns 0. The schema is made in a scratch database of its server."""
    settings = read_settings()
    try:
        catalog, profiles = load_catalog(settings.catalog, settings.province), read_all_profiles()
        for error in profiles.refused.values():
            raise error
    except MistakesError as error:
        raise LocalError(str(error)) from error
    with open_database(home) as database:
        relations = _read_schema(database)
    for name, text in render_documents(catalog, list(profiles.good), relations).items():
        (DOCS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/{name}\n")
    return 0


def read_relations(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """A row for each column of each table and view of a migrated warehouse, by schema, relation and place."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(RELATIONS).fetchall()


def render_documents(
    catalog: Catalog, profiles: list[Profile], relations: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """The text of every generated page by its name in docs/; ``relations`` as ``read_relations`` gives them."""
    context = {
        "catalog": catalog,
        "profiles": profiles,
        "places": locate_figures(profiles),
        "uses": _list_uses(catalog),
        "reasons": {profile.source: read_reasons(SOURCES / f"{profile.source}.yaml") for profile in profiles},
        "suites": {profile.source: dict(_read_suites(profile)) for profile in profiles},
        "computed": {profile.source: _read_head(SQL / "measures" / f"{profile.measures}.sql") for profile in profiles},
        "relations": list(relations),
    }
    pages = _open_pages()
    return {
        name: pages.get_template(f"{name}.j2").render(context)
        for name in ("indicators.md", "sources.md", "data-dictionary.md")
    }


def locate_figures(profiles: Iterable[Profile]) -> dict[str, str]:
    """Metric → where its parts stand in what the source sends, for metrics that are read as they are sent."""
    places = {}
    for profile in profiles:
        if isinstance(profile, PortalProfile):
            for name, endpoint in profile.endpoints.items():
                for wire, figure in endpoint.metrics.items():
                    parts = f"{figure.numerator} ÷ {figure.denominator}" if endpoint.shape == "tree" else wire
                    places[f"{profile.source}.{figure.metric}"] = f"{name}: {parts}"
    return places


def read_reasons(path: Path) -> dict[str, str]:
    """What a profile's comments say of its fields of the first level, above a field or behind it; '' of the whole."""
    reasons: dict[str, str] = {}
    field, said = "", list[str]()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            said.append(line.lstrip("# "))
        elif found := PROFILE_FIELD.match(line):
            said += [found[2]] if found[2] else []
            if said:
                reasons[field and found[1]] = " ".join(said)
            field, said = found[1], []
    return reasons


def _list_uses(catalog: Catalog) -> dict[str, dict[str, list[str]]]:
    """Source → metric ('' where an entry has none) → the entries and variants that it feeds, in the plan's order."""
    uses: dict[str, dict[str, list[str]]] = {}
    for row in indicator_rows(catalog):
        fed = uses.setdefault(row["source"], {}).setdefault(row["metric"] or "", [])
        name = row["indicator_code"] + ("" if row["variant"] == PRIMARY else f" ({row['variant']})")
        if name not in fed:  # an entry has a row for each of its targets
            fed.append(name)
    return uses


def _read_suites(profile: Profile) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for entity in ("response", profile.rows):
        name = f"{profile.staging}_{entity}"
        suite = json.loads((EXPECTATIONS / f"{name}.json").read_text(encoding="utf-8"))
        yield name, suite["expectations"]


def _read_head(path: Path) -> str:
    """The comment at the head of an SQL file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = lines[: next(place for place, line in enumerate(lines) if not line.startswith("--"))]
    return SQL_PARAMETER.sub(r"\1", " ".join(line.removeprefix("--").strip() for line in head))


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


def _open_pages() -> jinja2.Environment:
    """The templates: Markdown is not escaped as HTML, what is put into a cell or a line goes through ``plain``."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(INCLUDE / "pages"),
        autoescape=jinja2.select_autoescape(("html", "html.j2")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"runs": _split_runs, "plain": _write_plain, "day": _write_day, "number": _write_number}
    return environment


@jinja2.pass_environment
def _split_runs(environment: jinja2.Environment, items: Iterable[Any], attribute: str) -> list[tuple[Any, list[Any]]]:
    """Items in their order, those with the same attribute beside each other together."""
    return [(key, list(run)) for key, run in groupby(items, make_attrgetter(environment, attribute))]


def _write_plain(text: str | None) -> str:
    """Text on one line that Markdown shows as it is; nothing for None."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split())) if text else ""


def _write_day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _write_number(number: Decimal) -> str:
    return f"{number:f}".replace(".", ",")
