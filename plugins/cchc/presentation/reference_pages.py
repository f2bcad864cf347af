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

from cchc.catalog import Catalog, indicator_rows
from cchc.catalog.rows import PRIMARY
from cchc.presentation.queries import read_rows
from cchc.presentation.templates import open_templates
from cchc.settings import EXPECTATIONS, SOURCES, SQL
from cchc.sources.profile import Profile

SQL_PARAMETER = re.compile(r"%\((\w+)\)s")
PROFILE_FIELD = re.compile(r"(\w+):(?:.*?\s#\s+(.*))?")


def read_relations(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """A row for each column of each table and view of a migrated warehouse, by schema, relation and place."""
    return read_rows(connection, "relations")


def render_documents(
    catalog: Catalog, profiles: list[Profile], relations: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """The text of every generated page by its name in docs/; ``relations``: the rows of ``read_relations``."""
    context = {
        "catalog": catalog,
        "profiles": profiles,
        "places": locate_metrics(profiles),
        "uses": _list_uses(catalog),
        "reasons": {profile.source: read_reasons(SOURCES / f"{profile.source}.yaml") for profile in profiles},
        "suites": {profile.source: dict(_read_suites(profile)) for profile in profiles},
        "computed": {profile.source: _read_head(SQL / profile.measures_file) for profile in profiles},
        "relations": list(relations),
    }
    pages = open_templates()
    return {
        name: pages.get_template(f"{name}.j2").render(context)
        for name in ("indicators.md", "sources.md", "data-dictionary.md")
    }


def locate_metrics(profiles: Iterable[Profile]) -> dict[str, str]:
    """Metric → the place of its parts in the answer of a source, for metrics that are stored as they are sent."""
    return {metric: place for profile in profiles for metric, place in profile.metric_places().items()}


def read_reasons(path: Path) -> dict[str, str]:
    """The comments of a profile by the fields of its first level, above or behind each; '' for the whole profile."""
    reasons: dict[str, str] = {}
    field, comments = "", list[str]()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comments.append(line.lstrip("# "))
        elif found := PROFILE_FIELD.match(line):
            comments += [found[2]] if found[2] else []
            if comments:
                reasons[field and found[1]] = " ".join(comments)
            field, comments = found[1], []
    return reasons


def _list_uses(catalog: Catalog) -> dict[str, dict[str, list[str]]]:
    """Source → metric ('' for an indicator without one) → indicators and variants that use it, in the plan's order."""
    uses: dict[str, dict[str, list[str]]] = {}
    for row in indicator_rows(catalog):
        fed = uses.setdefault(row["source"], {}).setdefault(row["metric"] or "", [])
        name = row["indicator_code"] + ("" if row["variant"] == PRIMARY else f" ({row['variant']})")
        if name not in fed:  # an indicator has a row for each of its targets
            fed.append(name)
    return uses


def _read_suites(profile: Profile) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name in profile.suites:
        suite = json.loads((EXPECTATIONS / f"{name}.json").read_text(encoding="utf-8"))
        yield name, suite["expectations"]


def _read_head(path: Path) -> str:
    """The comment at the head of an SQL file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = lines[: next(place for place, line in enumerate(lines) if not line.startswith("--"))]
    return SQL_PARAMETER.sub(r"\1", " ".join(line.removeprefix("--").strip() for line in head))
