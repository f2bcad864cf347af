"""The generated pages of docs/, as text: indicators, sources and the data dictionary.

docs/indicators.md describes the catalog, docs/sources.md the source profiles and their suites, docs/data-dictionary.md
the schema with its comments. The same catalog, profiles, suites and SQL give the same pages on any machine and day.
``make docs`` writes them (local/documents.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from cchc.catalog import Catalog, indicator_rows
from cchc.catalog.rows import PRIMARY
from cchc.presentation.templates import open_templates
from cchc.settings import EXPECTATIONS, SOURCES, SQL
from cchc.sources.profile import PortalProfile, Profile

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
    pages = open_templates()
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
