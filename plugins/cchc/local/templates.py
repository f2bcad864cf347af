"""``make templates``: writes the workbooks in which agencies report, below the home of the installation."""

from __future__ import annotations

import sys
from pathlib import Path

from cchc.catalog import CatalogError, load_catalog
from cchc.local import LocalError
from cchc.messages import OneLine, read_messages
from cchc.presentation.return_templates import write_templates
from cchc.settings import read_settings

MESSAGES = read_messages("commands")


def make_templates(home: Path, year: str) -> int:
    """Write a workbook for each agency that reports for the plan of ``year`` into ``<home>/templates``; returns 0.

    Raises LocalError for a catalog with mistakes and for a year without a plan.
    """
    settings = read_settings()
    try:
        catalog = load_catalog(settings.catalog, settings.province)
    except CatalogError as error:
        raise LocalError(str(error)) from error
    years = sorted(plan.year for plan in catalog.plans)
    if not year.isdecimal() or int(year) not in years:
        known = ", ".join(map(str, years))
        raise LocalError(f"YEAR={year!r}: there is a plan for {known}: make templates YEAR={years[-1]}")
    folder = home / "templates" / year
    written = write_templates(folder, catalog, int(year))
    line = MESSAGES.format("templates_written", count=len(written), folder=OneLine(folder))
    sys.stdout.write(f"{line}\n")
    return 0
