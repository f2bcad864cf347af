"""The first day that a province has a plan for, also while other files of the catalog are wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cchc.catalog.loading import PLAN_FILES
from cchc.strict_yaml import read_document


def read_first_day(folder: Path, province: str) -> date | None:
    """The first day of the province's earliest plan in ``folder``; None where no plan of it says one.

    A plan that can't be read is left aside: its mistakes fail the task that takes in the catalog, not every run.
    """
    documents = [read_document(path, []) for path in sorted(folder.glob(PLAN_FILES))]
    days = [document.get("valid_from") for document in documents if document and document.get("province") == province]
    return min((day for day in days if isinstance(day, date)), default=None)
