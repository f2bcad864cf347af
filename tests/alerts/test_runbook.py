"""Whatever operators are told names a page of the runbook that is there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from cchc.alerts.notification.wording import load_wording
from cchc.settings import CHECKOUT, INCLUDE

PLUGINS = CHECKOUT / "plugins"
WORDING = INCLUDE / "alerts" / "wording_vi.yaml"
HEADINGS = {
    line.removeprefix("## ")
    for line in (CHECKOUT / "docs" / "runbook.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("## ")
}


def list_pages() -> Iterator[tuple[str, str]]:
    """Where a page is named, and its heading: each ``OperatorFacts(…, runbook=NAME)``, and the wording's."""
    for path in sorted((PLUGINS / "cchc").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "OperatorFacts":
                yield from (_resolve(path, named.value) for named in node.keywords if named.arg == "runbook")
    for kind, heading in load_wording(WORDING).runbook.items():
        yield f"{WORDING.name}: {kind}", heading


def _resolve(path: Path, value: ast.expr) -> tuple[str, str]:
    module = ".".join(path.relative_to(PLUGINS).with_suffix("").parts)
    assert isinstance(value, ast.Name), f"{module}: the page's heading is a constant of the module"
    return f"{module}.{value.id}", getattr(import_module(module), value.id)


@pytest.mark.parametrize(("where", "heading"), list(list_pages()))
def test_page_that_operators_are_sent_to_is_in_the_runbook(where: str, heading: str) -> None:
    assert heading in HEADINGS, where
