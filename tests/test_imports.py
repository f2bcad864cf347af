"""Packages of plugins/cchc import only what lies below them, functions' own imports included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from cchc.settings import CHECKOUT

PLUGINS = CHECKOUT / "plugins"
# From low to high, as docs/architecture.md draws them. Those of one line don't import each other.
LAYERS = (
    ("calendar", "settings", "mistake"),
    ("strict_yaml",),
    ("messages",),
    ("fields",),
    ("spreadsheets",),
    ("sources",),
    ("catalog",),
    ("warehouse",),
    ("quality",),
    ("indicators",),
    ("presentation",),
    ("alerts",),
    ("tasks",),
    ("local",),
)
LEVELS = {package: level for level, packages in enumerate(LAYERS) for package in packages}
MODULES = sorted((PLUGINS / "cchc").rglob("*.py"))
# Only these may import Airflow: tasks/ is what it runs, local/ what starts it.
AIRFLOW = {"tasks", "local"}


def name_module(path: Path) -> str:
    return ".".join(path.relative_to(PLUGINS).with_suffix("").parts).removesuffix(".__init__")


def list_imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, with the names that it imports from it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def find_package(module: str) -> str:
    """The package below cchc that a module belongs to."""
    return module.split(".")[1]


def test_every_package_has_its_place():
    assert {find_package(name_module(path)) for path in MODULES if path.parent != PLUGINS / "cchc"} | {
        path.stem for path in (PLUGINS / "cchc").glob("[!_]*.py")
    } == set(LEVELS)


@pytest.mark.parametrize("package", sorted(LEVELS))
def test_package_imports_only_lower_ones(package: str):
    upward = [
        f"{name_module(path)} imports {imported}"
        for path in MODULES
        if path != PLUGINS / "cchc" / "__init__.py" and find_package(name_module(path)) == package
        for imported in list_imports(path)
        if imported.startswith("cchc.")
        and find_package(imported) != package
        and LEVELS[find_package(imported)] >= LEVELS[package]
    ]
    assert upward == []


def test_modules_import_in_no_circle():
    names = {name_module(path): path for path in MODULES}
    graph = {
        name: {imported for imported in list_imports(path) if imported in names and imported != name}
        for name, path in names.items()
    }
    TopologicalSorter(graph).prepare()


def test_detection_sends_nothing():
    detection = [path for path in MODULES if name_module(path).startswith("cchc.alerts.detection")]
    assert detection
    assert [
        f"{name_module(path)} imports {imported}"
        for path in detection
        for imported in list_imports(path)
        if imported.startswith("cchc.alerts.notification")
    ] == []


def test_only_wiring_imports_airflow():
    assert [
        name_module(path)
        for path in MODULES
        if name_module(path) != "cchc" and find_package(name_module(path)) not in AIRFLOW
        for imported in list_imports(path)
        if imported.split(".")[0] == "airflow"
    ] == []
