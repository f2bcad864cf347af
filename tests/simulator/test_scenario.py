"""A scenario's counts: exactly those of its file, over HTTP too."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from pydantic import ValidationError

from simulator.app import BASE_PATH
from simulator.periods import Period
from simulator.scenario import BASES, Scenario, read_scenario
from simulator.server import DEFAULT_NOW, run_simulator

YEAR = Period.of_months(2024, 1, 12)
AGENCIES = """\
code,gso_code,name_vi,level,parent_code,valid_from,valid_to_exclusive,is_synthetic_code,note
H58,,Tỉnh Tiền Giang,province,,2024-01-01,,no,
H58.31.01,,UBND Phường Một,commune,H58,2024-01-01,2024-07-01,yes,
H58.31.02,,UBND Phường Hai,commune,H58,2024-01-01,2024-07-01,yes,
H58.31.09,,UBND Phường Chín,commune,H58,2024-07-01,,yes,
H58.32,,UBND thị xã Gò Công,district,H58,2024-01-01,,yes,
"""
SCENARIO = {
    "year": 2024,
    "shares": dict.fromkeys(BASES, 0) | {"payable": 1, "paid_online": 0.46},
    "agencies": {
        "H58.31.01": {"dossiers": 100},
        "H58.31.02": {"dossiers": "1/13"},
        "H58.32": {"dossiers": 100, "shares": {"paid_online": 0.5}},
    },
    "heirs": {"H58.31.01": "H58.31.09", "H58.31.02": "H58.31.09"},
    "overrides": [
        {
            "agencies": ["H58.32"],
            "counter": "paid_online",
            "first": date(2024, 3, 1),
            "last": date(2024, 3, 3),
            "shares": [0.49, 0.51],
        }
    ],
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "agencies.csv").write_text(AGENCIES, encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(yaml.safe_dump(SCENARIO), encoding="utf-8")
    return tmp_path / "scenario.yaml"


def count_paid(path: Path, day: date, period: Period = YEAR) -> dict[str, tuple[int, int]]:
    snapshot = read_scenario(path).take_snapshot(period, day)
    return {u.agency.code: (u.counts.paid_online, u.counts.payable) for u in (snapshot.root, *snapshot.units)}


def test_shares_hold_but_for_their_overrides(written: Path) -> None:
    assert count_paid(written, date(2024, 2, 29))["H58.32"] == (3000, 6000)
    days = [count_paid(written, date(2024, 3, day))["H58.32"][0] for day in (1, 2, 3, 4)]
    assert days == [3049, 3100, 3149, 3199]


def test_a_part_of_a_dossier_waits_until_it_is_whole(written: Path) -> None:
    assert [count_paid(written, date(2024, 1, day))["H58.31.02"] for day in (12, 13, 26, 31)] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 2),
    ]


def test_who_follows_merged_agencies_has_their_year(written: Path) -> None:
    before, after = count_paid(written, date(2024, 6, 30)), count_paid(written, date(2024, 7, 1))
    assert before == {"H58": (17477, 36414), "H58.31.01": (8372, 18200), "H58.31.02": (6, 14), "H58.32": (9099, 18200)}
    assert after == {"H58": (17573, 36614), "H58.31.09": (8424, 18314), "H58.32": (9149, 18300)}


def test_a_month_is_counted_by_itself(written: Path) -> None:
    assert count_paid(written, date(2024, 12, 31), Period.of_months(2024, 3, 3))["H58.32"] == (1549, 3100)


def test_another_year_has_nothing(written: Path) -> None:
    reported = count_paid(written, date(2025, 1, 8), Period.of_months(2025, 1, 12))
    assert set(reported.values()) == {(0, 0)}


def test_portal_answers_with_the_scenario(written: Path) -> None:
    with run_simulator(scenario=written, now=DEFAULT_NOW) as simulator:
        body: dict[str, Any] = {"rootDepartmentId": simulator.root_department_id, "currentPage": 1, "pageSize": 200}
        answer = requests.post(
            f"{simulator.base_url}{BASE_PATH}/formality-online-payment-tree",
            json=body | {"timeType": "year", "year": 2024},
            timeout=10,
        ).json()
    nodes = [answer["data"]["parent"], *answer["data"]["children"]]
    reported = {n["departmentCode"]: n["totalDossierOnlinePaymentSuccess"] for n in nodes}
    assert reported == {code: paid for code, (paid, _) in count_paid(written, date(2024, 12, 31)).items()}


def test_a_counter_that_nobody_counts_is_invalid() -> None:
    with pytest.raises(ValidationError, match=r"shares.*payed_online"):
        Scenario.model_validate(SCENARIO | {"shares": {"payed_online": 0.5}})
