"""The catalog: plans, indicators, targets, tasks, agencies and sets, read from ``include/catalog/`` and checked.

The package has no database, no Airflow and no clock. A mistake in a file names file, entry and field.
"""

from __future__ import annotations

from cchc.catalog.loading import load_catalog
from cchc.catalog.model import (
    Agency,
    AgencySet,
    Annex,
    Catalog,
    Indicator,
    Plan,
    Population,
    Target,
    Task,
    Variant,
)
from cchc.catalog.rows import agency_rows, indicator_rows, set_member_rows, task_agency_rows, task_rows
from cchc.mistake import CatalogError

__all__ = [
    "Agency",
    "AgencySet",
    "Annex",
    "Catalog",
    "CatalogError",
    "Indicator",
    "Plan",
    "Population",
    "Target",
    "Task",
    "Variant",
    "agency_rows",
    "indicator_rows",
    "load_catalog",
    "set_member_rows",
    "task_agency_rows",
    "task_rows",
]
