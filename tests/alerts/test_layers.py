"""The layers of cchc.alerts: its own modules are below ``detection``, and that is below ``notification``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from cchc.settings import CHECKOUT

ALERTS = CHECKOUT / "plugins" / "cchc" / "alerts"
# Folder → the prefixes of modules that it may not import, also inside functions.
FORBIDDEN = {
    "": ("cchc.alerts.detection", "cchc.alerts.notification"),
    "detection": ("cchc.alerts.notification",),
}


def list_imports(folder: str) -> Iterator[tuple[str, str]]:
    """Each import of a folder's modules: module and what it imports."""
    for path in sorted((ALERTS / folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield path.name, node.module
            elif isinstance(node, ast.Import):
                yield from ((path.name, alias.name) for alias in node.names)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_layer_imports_no_higher_one(folder: str) -> None:
    found = [(module, name) for module, name in list_imports(folder) if name.startswith(FORBIDDEN[folder])]
    assert found == []
