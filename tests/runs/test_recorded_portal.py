"""The national portal's real responses of September 2026 for Phú Thọ (H44), through the whole pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from cchc.settings import INCLUDE
from tests.runs.conftest import PORTAL_WELL
from tests.runs.recorded_portal import ROOT_DEPARTMENT_ID, serve_recorded

DAY = date(2026, 9, 25)


@pytest.fixture(scope="module")
def plan_of_phu_tho(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with the same targets for H44 in 2026, and no agencies typed."""
    folder = tmp_path_factory.mktemp("phu_tho") / "catalog"
    shutil.copytree(INCLUDE / "catalog", folder)
    plan = folder / "plan_2024.yaml"
    text = plan.read_text(encoding="utf-8").replace("H58", "H44").replace("2024-", "2026-").replace("2025-", "2027-")
    (folder / "plan_2026.yaml").write_text(text.replace("year: 2024", "year: 2026"), encoding="utf-8")
    plan.unlink()
    agencies = folder / "agencies.csv"
    agencies.write_text(agencies.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def make_phu_tho(make_installation, plan_of_phu_tho):
    """Makes installations of the province H44."""

    def make():
        made = make_installation()
        made.environment.update(CCHC_PROVINCE="H44", CCHC_CATALOG=str(plan_of_phu_tho))
        return made

    return make


@pytest.fixture(scope="module")
def recorded(shared: Path) -> Iterator[str]:
    """The excerpts, each list complete in itself."""
    with serve_recorded(shared / "portal766", make_complete=True) as base_url:
        yield base_url


@pytest.fixture(scope="module")
def phu_tho(make_phu_tho, recorded):
    """The province after the run for the day that the responses describe."""
    province = make_phu_tho()
    province.connect_portal(recorded, ROOT_DEPARTMENT_ID)
    assert province.run_day(DAY) == PORTAL_WELL
    return province


def test_attainment_has_the_values_of_the_portal(phu_tho):
    rows = phu_tho.query(
        "select indicator_code, numerator, denominator, value, status, quality_flags, data_date, is_stale"
        " from mart.indicator_attainment"
        " where agency_code = 'H44' and variant = 'primary' and as_of_date = %s and value is not null",
        DAY,
    )
    found = {code: (num, den, status) for code, num, den, _, status, *_ in rows}
    assert found == {
        "II.1.a-2": (145096, 597918, "missed"),
        "II.1.b-1": (309542, 358625, "attained"),
        "II.1.c-1": (589496, 597894, "attained"),
        "II.1.c-2": (136827, 597918, "missed"),
        "II.1.d-1": (475053, 475053, "attained"),
        "II.1.d-2": (433356, 597918, "missed"),
        "II.1.d-3a": (None, None, "attained"),
        "II.1.d-4": (0, 89, "missed"),
        "II.1.d-5": (0, 70, "missed"),
        "II.1.d-6": (296, 570, "missed"),
        "II.1.dd-1": (528464, 597918, "missed"),
    }
    values = {code: value for code, _, _, value, *_ in rows}
    # the response's own ratio, 66.7, is the share of points
    assert abs(Fraction(values["II.1.b-1"]) - Fraction(30954200, 358625)) < Fraction(1, 10**12)
    assert round(values["II.1.a-2"], 2) == Decimal("24.27")
    assert values["II.1.d-3a"] == 100
    flags = {code: flags for code, _, _, _, _, flags, *_ in rows}
    assert flags["II.1.d-3a"] == ["agency_not_in_catalog", "ratio_only"]
    assert "TEMP_NATIONAL_REPORT_DENOMINATOR" in flags["II.1.d-1"]
    assert "ratio_differs" not in {flag for raised in flags.values() for flag in raised}
    assert {(data_date, stale) for *_, data_date, stale in rows} == {(DAY, False)}


def test_each_agency_of_the_excerpts_has_its_own_values(phu_tho):
    own = (
        "select numerator, denominator, status from mart.indicator_attainment"
        " where agency_code = %s and indicator_code = %s and variant = 'primary'"
    )
    assert phu_tho.query(own, "H44.03", "II.1.d-2") == [(1143, 1840, "missed")]
    assert phu_tho.query(own, "H44.03", "II.1.b-1") == [(18, 18, "attained")]
    assert phu_tho.query(own, "H44.03", "II.1.dd-1") == [(1689, 1840, "attained")]  # found by its id, without a code
    assert phu_tho.query(own, "H44.01", "II.1.b-1") == [(0, 0, "not_applicable")]
    # three of transparency's metrics repeat the province's figures on every child: no agency has them
    assert phu_tho.query("select count(*) from mart.indicator_attainment where indicator_code = 'II.1.d-4'") == [(1,)]
    unregistered = phu_tho.query("select count(*), count(*) filter (where is_in_catalog) from core.agency")
    assert unregistered == [(164, 0)]
    assert phu_tho.query("select name_vi, level, parent_code from core.agency where agency_code = 'H44.03'") == [
        ("Ban quản lý các khu công nghiệp - Tỉnh Phú Thọ", "department", "H44")
    ]


def test_the_on_time_rate_is_measured_for_all_163_departments(phu_tho):
    counted = phu_tho.query(
        "select count(*), sum(value) from mart.measure"
        " where measure_code = 'national_portal.on_time.denominator' and agency_code <> 'H44' and day = %s",
        DAY,
    )
    assert counted == [(163, 597918)]
    (rate,) = phu_tho.query(
        "select value from mart.measure where measure_code = 'national_portal.on_time.rate' and agency_code = 'H44'"
    )[0]
    assert abs(Fraction(rate) - Fraction(52868400, 597918)) < Fraction(1, 10**12)


def test_run_of_early_september_publishes_august(make_phu_tho, recorded):
    phu_tho = make_phu_tho()
    phu_tho.connect_portal(recorded, ROOT_DEPARTMENT_ID)
    assert phu_tho.run_day(date(2026, 9, 5))["ingest_national_portal"] == "success"
    august = phu_tho.query(
        "select day, value from mart.measure"
        " where period = 'month' and agency_code = 'H44' and measure_code = 'national_portal.on_time.denominator'"
    )
    assert august == [(date(2026, 8, 31), 184513)]
    assert phu_tho.query("select count(*) from mart.indicator_attainment where as_of_date = '2026-08-31'") == [(0,)]
    # the portal's present answer is filed under the day that it describes, not under the day asked for
    assert phu_tho.query("select distinct data_date from ops.load where entity = 'transparency'") == [(DAY,)]
    assert phu_tho.query("select count(*) from mart.indicator_attainment where value is not null") == [(0,)]


def test_incomplete_excerpts_stop_their_loads(make_phu_tho, shared):
    phu_tho = make_phu_tho()
    with serve_recorded(shared / "portal766", make_complete=False) as base_url:
        phu_tho.connect_portal(base_url, ROOT_DEPARTMENT_ID)
        states = phu_tho.run_day(DAY)
    assert states == {**PORTAL_WELL, "ingest_national_portal": "failed"}
    loads = phu_tho.query("select entity, status, stop_rules from ops.load where stop_rules <> '{}' order by 1")
    assert loads == [
        ("dossier-digitized", "stopped", ["incomplete_list"]),
        ("handling-satisfaction", "stopped", ["incomplete_list"]),
        ("transparency", "stopped", ["incomplete_list"]),
    ]
    assert phu_tho.query("select count(*) from core.portal_statistic where entity = 'dossier-digitized'") == [(0,)]
    unaccounted = "select count(*) from ops.load where accepted_rows + quarantined_rows <> received_rows"
    assert phu_tho.query(unaccounted) == [(0,)]
    status = (
        "select distinct status from mart.indicator_attainment"
        " where agency_code = 'H44' and indicator_code = 'II.1.a-2'"
    )
    assert phu_tho.query(status) == [("no_data",)]
