"""The treasury's values: plans and their revisions, payments, carried-over capital, the seeded faults."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from simulator import treasury_records
from simulator.treasury import closes_on, draw_lines

Row = dict[str, Any]
SEEDS = [1, 2, 3]


def list_rows(day: date, seed: int = 1, year: int = 2024) -> list[Row]:
    return treasury_records(year, day, seed=seed, with_seeded_faults=False)


def paid(row: Row) -> int:
    return row["ThanhToanKLHT"] + row["TamUngChuaThuHoi"]


def sum_in_force(rows: list[Row], day: date, kind: str) -> int:
    return sum(r["KeHoachVon"] for r in rows if r["LoaiKeHoach"] == kind and r["NgayHieuLuc"] <= day.isoformat())


def sum_paid(rows: list[Row], *kinds: str) -> int:
    return sum(paid(row) for row in rows if row["LoaiKeHoach"] in kinds and not row["KeHoachKeoDai"])


def test_two_years_are_open_in_january() -> None:
    for day, counts in ((date(2025, 1, 31), (True, True)), (date(2025, 2, 1), (False, True))):
        assert tuple(bool(list_rows(day, year=year)) for year in (2024, 2025)) == counts
    assert list_rows(date(2023, 12, 31)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_year_passes_its_target_in_the_thirteenth_month_and_misses_the_councils_plan(seed: int) -> None:
    def share(day: date, *kinds: str) -> float:
        rows = list_rows(day, seed)
        return sum_paid(rows, *kinds) / sum_in_force(rows, day, kinds[-1])

    assert share(date(2024, 6, 30), "TTG") < 0.35
    assert share(date(2024, 12, 31), "TTG") < share(date(2025, 1, 15), "TTG") < 0.9
    assert share(closes_on(2024), "TTG") == pytest.approx(0.92, abs=0.005)
    assert share(closes_on(2024), "TTG", "HDND") < 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_councils_plan_contains_the_prime_ministers_on_every_day(seed: int) -> None:
    for day in (date(2024, 1, 1), date(2024, 5, 2), date(2024, 8, 20), closes_on(2024)):
        rows = [row for row in list_rows(day, seed) if not row["KeHoachKeoDai"]]
        plans = {(r["MaDuAn"], r["MaNguonVon"], r["LoaiKeHoach"], r["NgayHieuLuc"]): r["KeHoachVon"] for r in rows}
        assert len(plans) == len(rows)
        for (project, fund, kind, effective_on), amount in plans.items():
            if kind == "TTG":
                assert plans[project, fund, "HDND", effective_on] >= amount


@pytest.mark.parametrize("seed", SEEDS)
def test_each_payment_is_on_one_row_also_when_a_revision_is_announced_before(seed: int) -> None:
    advance = 0
    for line in draw_lines(seed, 2024):
        if len(line.versions) == 1 or line.versions[1].reported_on == line.versions[1].effective_on:
            continue
        advance += 1
        before, reported, in_force = (
            [
                row
                for row in list_rows(day, seed)
                if (row["MaDuAn"], row["MaNguonVon"], row["LoaiKeHoach"], row["KeHoachKeoDai"])
                == (str(7400001 + line.project), line.fund, line.kind, 0)
            ]
            for day in (
                line.versions[1].reported_on - timedelta(days=1),
                line.versions[1].reported_on,
                line.versions[1].effective_on,
            )
        )
        old, new = line.versions
        assert [row["SoQuyetDinh"] for row in before] == [old.decision]
        assert [(row["SoQuyetDinh"], row["KeHoachVon"]) for row in reported] == [tuple(old[::3]), tuple(new[::3])]
        assert paid(reported[1]) == 0
        assert [row["SoQuyetDinh"] for row in in_force] == [new.decision]
        assert paid(in_force[0]) >= paid(reported[0])
    assert advance > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_carried_over_capital_has_rows_of_its_own(seed: int) -> None:
    rows = list_rows(date(2024, 10, 1), seed)
    carried = [row for row in rows if row["KeHoachKeoDai"]]
    assert 0 < len(carried) < len(rows) / 5
    assert all(row["KeHoachVon"] == 0 < paid(row) < row["KeHoachKeoDai"] for row in carried)


@pytest.mark.parametrize("seed", SEEDS)
def test_payments_grow_but_where_an_advance_is_returned_and_never_pass_the_plan(seed: int) -> None:
    falls = 0
    earlier: dict[tuple[Any, ...], int] = {}
    for number in range(397):
        day = date(2024, 1, 1) + timedelta(days=number)
        for row in list_rows(day, seed):
            if row["NgayHieuLuc"] > day.isoformat():
                continue
            key = (row["MaDuAn"], row["MaNguonVon"], row["LoaiKeHoach"], row["KeHoachKeoDai"] > 0)
            assert min(row["ThanhToanKLHT"], row["TamUngChuaThuHoi"]) >= 0
            assert paid(row) <= row["KeHoachVon"] + row["KeHoachKeoDai"]
            falls += paid(row) < earlier.get(key, 0) - 10**6
            earlier[key] = paid(row)
    assert 0 < falls < 20


def test_rows_are_the_contracts() -> None:
    rows = list_rows(date(2024, 6, 30))
    assert 90 < len(rows) < 130
    assert len({row["MaDuAn"] for row in rows}) == 40
    assert len({row["MaChuDauTu"] for row in rows}) == 12
    assert all(len(row["MaDuAn"]) == 7 and row["DonViTien"] == 1 for row in rows)
    assert {row["LoaiKeHoach"] for row in rows} == {"TTG", "HDND"}
    assert {(row["NienDo"], row["NgayKetSo"]) for row in rows} == {(2024, "2024-06-30")}


def test_same_seed_gives_the_same_rows() -> None:
    assert list_rows(date(2024, 6, 30), 5) == list_rows(date(2024, 6, 30), 5) != list_rows(date(2024, 6, 30), 6)


@pytest.mark.parametrize(
    ("day", "project", "field"),
    [
        (date(2024, 6, 30), "7400013", "MaDuAn"),
        (date(2024, 10, 22), "7400005", "LoaiKeHoach"),
        (date(2024, 11, 18), "7400030", "KeHoachVon"),
        (date(2024, 2, 21), "7400008", "TamUngChuaThuHoi"),
    ],
)
def test_seeded_row_differs_from_the_export_in_the_seeded_field(day: date, project: str, field: str) -> None:
    pairs = list(zip(treasury_records(2024, day), list_rows(day), strict=True))
    ((reported, sound),) = [(reported, sound) for reported, sound in pairs if reported != sound]
    assert sound["MaDuAn"] == project
    assert reported[field] != sound[field]


def test_seeded_slip_is_a_thousand_times_a_whole_project_on_one_day_only() -> None:
    def count_differences(day: date) -> Counter[str]:
        pairs = zip(treasury_records(2024, day), list_rows(day), strict=True)
        return Counter(sound["MaDuAn"] for reported, sound in pairs if reported != sound)

    day = date(2024, 9, 30)
    differences = count_differences(day)
    assert differences.keys() == {"7400021"}
    assert differences["7400021"] < len(list_rows(day)) * 0.05
    slipped = [row for row in treasury_records(2024, day) if row["MaDuAn"] == "7400021"]
    for reported, sound in zip(slipped, [r for r in list_rows(day) if r["MaDuAn"] == "7400021"], strict=True):
        assert (reported["KeHoachVon"], paid(reported)) == (1000 * sound["KeHoachVon"], 1000 * paid(sound))
    assert not count_differences(day - timedelta(days=1))
    assert not count_differences(day + timedelta(days=1))
