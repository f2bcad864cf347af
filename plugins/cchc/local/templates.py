"""``make templates``: the workbooks in which agencies report, written beside the installation's other files."""

from __future__ import annotations

import sys
from pathlib import Path

from cchc.catalog import CatalogError, load_catalog
from cchc.local import LocalError
from cchc.presentation.return_templates import write_templates
from cchc.settings import read_settings


def make_templates(home: Path, year: str) -> int:
    """Write a workbook for each agency that reports for the plan of ``year``, below ``<home>/templates``; 0."""
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
    sys.stdout.write(f"{len(written)} biểu mẫu trong {folder}\n")
    return 0
