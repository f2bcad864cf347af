"""The project's facts about the plan, where they are beside this checkout."""

from __future__ import annotations

import csv

import pytest

from cchc.settings import CHECKOUT

FACTS = CHECKOUT.parent / "shared" / "facts"

needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason="the project's shared facts are not beside this checkout")


def read_facts(file: str) -> list[dict[str, str]]:
    """The rows of one of the facts' tables."""
    with (FACTS / file).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))
