"""The first day of a province's earliest plan, also while other files of the catalog are invalid."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cchc.catalog.loading import PLAN_FILES
from cchc.strict_yaml import read_document


def read_first_day(folder: Path, province: str) -> date | None:
    """The first day of the province's earliest plan in ``folder``; None where no plan of it has one.

    A plan that can't be read is skipped: its mistakes fail the task that syncs the catalog, not every run.
    """
    documents = [read_document(path, []) for path in sorted(folder.glob(PLAN_FILES))]
    days = [document.get("valid_from") for document in documents if document and document.get("province") == province]
    return min((day for day in days if isinstance(day, date)), default=None)
