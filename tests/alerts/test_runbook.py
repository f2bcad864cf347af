"""RunbookPage and docs/runbook.md have the same pages, and every producer of operators' facts names one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from cchc.alerts.runbook import PAGES, RunbookPage
from cchc.settings import CHECKOUT

RUNBOOK = CHECKOUT / "docs" / "runbook.md"
HEADINGS = [
    line.removeprefix("## ") for line in RUNBOOK.read_text(encoding="utf-8").splitlines() if line.startswith("## ")
]


def test_every_page_is_a_heading_and_every_heading_a_page() -> None:
    assert [str(page) for page in RunbookPage] == HEADINGS
    assert set(PAGES.values()) <= set(RunbookPage)


def list_pages() -> Iterator[tuple[str, ast.expr]]:
    """Each ``OperatorFacts(…, runbook=…)`` of the plugins: its place and the value."""
    for path in sorted((CHECKOUT / "plugins" / "cchc").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "OperatorFacts":
                for named in node.keywords:
                    if named.arg == "runbook":
                        yield f"{path.name}:{node.lineno}", named.value


@pytest.mark.parametrize(("where", "value"), list(list_pages()))
def test_facts_for_operators_name_a_page(where: str, value: ast.expr) -> None:
    assert isinstance(value, ast.Attribute), where
    assert isinstance(value.value, ast.Name), where
    assert value.value.id == "RunbookPage"
    assert value.attr in RunbookPage.__members__
