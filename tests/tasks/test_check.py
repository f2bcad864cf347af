"""check_source: a sample of a source is judged by its suites, and nothing of it stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from cchc.sources.http import Response
from cchc.sources.load import Load
from cchc.sources.raw_archive import Archive
from cchc.sources.window import Window
from cchc.tasks import check
from cchc.warehouse.connection import LOADER, Login
from simulator.server import DEFAULT_NOW, Simulator, run_simulator
from tests.conftest import Warehouse

# Tables that a sample must leave as they were.
TABLES = ("staging.national_portal_response", "staging.national_portal_statistic", "staging.rule_violation",
          "ops.load", "ops.quarantine", "ops.expectation_result")  # fmt: skip


@pytest.fixture(scope="module")
def portal() -> Iterator[Simulator]:
    with run_simulator(dossiers_per_year=50_000) as simulator:
        yield simulator


@pytest.fixture
def check_portal(
    portal: Simulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[tuple[bool, str]]]:
    """Checks the simulated portal with a warehouse of its own."""
    extra = {"root_department_id": portal.root_department_id, "pause_seconds": 0}
    connection = SimpleNamespace(
        host=portal.base_url, schema=None, port=None, login="", password="", extra=json.dumps(extra)
    )
    server = warehouse.server
    login = Login(server.host, server.port, warehouse.database, LOADER, server.credentials[LOADER])
    monkeypatch.setattr("cchc.tasks.plan.read_connection", lambda _: connection)
    monkeypatch.setattr(check, "read_login", lambda: login)
    monkeypatch.setattr(check, "read_now", lambda: DEFAULT_NOW)
    portal.clear_faults()

    return lambda: list(check.check_source("national_portal"))


def test_sample_that_keeps_all_rules_is_well_and_leaves_nothing(
    check_portal: Callable[[], list[tuple[bool, str]]], portal: Simulator, warehouse: Warehouse
) -> None:
    asked = len(portal.requests())
    reported = check_portal()
    assert [is_well for is_well, _ in reported] == [True] * len(reported)
    lines = [line for _, line in reported]
    assert lines[0].startswith(f"connection national_portal: {portal.base_url}")
    assert "dossier-digitized.2024 answered HTTP 201" in lines[1]
    assert any("rules checked" in line for line in lines)
    assert len(portal.requests()) - asked == 1
    assert [warehouse.query(f"select count(*) from {table}") for table in TABLES] == [[(0,)]] * len(TABLES)


def test_broken_rules_are_named_with_their_effect(
    check_portal: Callable[[], list[tuple[bool, str]]], portal: Simulator, warehouse: Warehouse
) -> None:
    portal.set_fault("dossier-digitized", "wrong_root")
    bad = [line for is_well, line in check_portal() if not is_well]
    assert len(bad) == 1
    assert bad[0].startswith("wrong_root: the answer, the load would be stopped. ")
    portal.set_fault("dossier-digitized", "negative_count")
    bad = [line for is_well, line in check_portal() if not is_well]
    assert [line.split(":")[0] for line in bad] == ["negative_count"]
    assert [warehouse.query(f"select count(*) from {table}") for table in TABLES] == [[(0,)]] * len(TABLES)


def test_without_a_warehouse_only_the_form_of_the_answer_is_checked(
    check_portal: Callable[[], list[tuple[bool, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack() -> Login:
        raise LookupError('the Airflow connection "warehouse" is not set')

    monkeypatch.setattr(check, "read_login", lack)
    *_, (is_well, line) = check_portal()
    assert is_well
    assert line.startswith("only the form of the answer was checked, not its rules: the warehouse isn't there")


def test_refusal_is_a_failed_line(check_portal: Callable[[], list[tuple[bool, str]]], portal: Simulator) -> None:
    portal.set_fault("*", "forbidden")
    *_, (is_well, line) = check_portal()
    assert (is_well, "HTTP 403" in line) == (False, True)


def test_id_of_a_sample_depends_on_its_source_alone(tmp_path: Path) -> None:
    window = Window("dossier-digitized", "year", date(2024, 1, 1), date(2024, 12, 31))
    archive = Archive(tmp_path, "national_portal", "H58")
    captures = [
        archive.keep(window.name, window.end, [Response("", {}, 201, "", body, DEFAULT_NOW)]) for body in (b"1", b"2")
    ]
    first, second = (check.Sample("national_portal", window, capture).load_id for capture in captures)
    assert first == second != check.Sample("other_portal", window, captures[0]).load_id
    assert first != Load("national_portal", window, captures[0]).load_id
