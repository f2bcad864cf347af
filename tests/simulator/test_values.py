"""The counts: drawn from seed and day, seasonal, growing, at the levels that the demonstration needs."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from simulator.agencies import read_agencies
from simulator.periods import Period
from simulator.procedures import list_publications
from simulator.values import Counts, Values

YEAR = Period.of_months(2024, 1, 12)
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
AGENCIES = read_agencies()


@pytest.fixture(scope="module")
def values() -> Values:
    return Values(1, 900_000, AGENCIES)


def count_root(values: Values, day: date, period: Period = YEAR) -> Counts:
    return values.take_snapshot(period, day).root.counts


def test_same_seed_and_day_give_the_same_values_in_any_order(values: Values) -> None:
    again = Values(1, 900_000, AGENCIES)
    later = again.take_snapshot(YEAR, DAYS[200])
    earlier = again.take_snapshot(YEAR, DAYS[100])
    assert (values.take_snapshot(YEAR, DAYS[100]), values.take_snapshot(YEAR, DAYS[200])) == (earlier, later)


def test_another_seed_gives_other_values(values: Values) -> None:
    assert count_root(values, DAYS[100]) != count_root(Values(2, 900_000, AGENCIES), DAYS[100])


@pytest.mark.parametrize("size", [30_000, 900_000])
def test_year_has_the_size_asked_for(size: int) -> None:
    assert count_root(Values(3, size, AGENCIES), DAYS[-1]).received == pytest.approx(size, rel=0.01)


def test_year_to_date_never_falls_but_for_petitions_on_time(values: Values) -> None:
    growing = ("received", "on_time", "digitised", "reused", "synced", "online", "payable", "paid_online", "petitions")
    snapshots = [values.take_snapshot(YEAR, day) for day in DAYS[305:]]  # no agency begins or ends after 1 November
    for before, after in pairwise(snapshots):
        for old, new in zip(before.units, after.units, strict=True):
            assert all(getattr(old.counts, name) <= getattr(new.counts, name) for name in growing)


def test_petitions_on_time_fall_when_one_becomes_late(values: Values) -> None:
    counts = [count_root(values, day) for day in DAYS]
    on_time = [count.petitions - count.petitions_late for count in counts]
    assert any(after < before for before, after in pairwise(on_time))


def test_weekends_and_tet_are_quiet(values: Values) -> None:
    totals = [count_root(values, day).received for day in DAYS]
    daily = dict(zip(DAYS[1:], (after - before for before, after in pairwise(totals)), strict=True))
    wednesday = daily[date(2024, 6, 5)]
    assert daily[date(2024, 6, 9)] < wednesday * 0.05
    assert max(daily[date(2024, 2, day)] for day in range(8, 15)) < wednesday * 0.05
    assert daily[date(2024, 2, 15)] < daily[date(2024, 3, 7)]


def test_parts_never_exceed_their_whole(values: Values) -> None:
    for period, day in ((YEAR, DAYS[10]), (YEAR, DAYS[-1]), (Period.of_months(2024, 8, 8), DAYS[-1])):
        for unit in values.take_snapshot(period, day).units:
            counts = unit.counts
            dossier_parts = (counts.on_time, counts.e_results, counts.digitised, counts.reused, counts.online)
            assert max(dossier_parts) <= counts.received
            assert 0 <= counts.paid_online <= counts.payable
            assert 0 <= counts.petitions_late <= counts.petitions


def test_agencies_follow_the_register(values: Values) -> None:
    numbers = {day: len(values.take_snapshot(YEAR, day).units) for day in (DAYS[120], DAYS[121], DAYS[304], DAYS[305])}
    assert numbers == {
        date(2024, 4, 30): 202,
        date(2024, 5, 1): 200,
        date(2024, 10, 31): 200,
        date(2024, 11, 1): 194,
    }


def test_merged_communes_hand_their_dossiers_to_the_heir(values: Values) -> None:
    before, after = (values.take_snapshot(YEAR, date(2024, *day)) for day in ((10, 31), (11, 1)))
    received = {unit.agency.code: unit.counts.received for unit in before.units}
    heir = next(unit for unit in after.units if unit.agency.code == "H58.31.06")
    assert heir.counts.received >= received["H58.31.06"] + received["H58.31.04"] + received["H58.31.07"]
    assert after.root.counts.received >= before.root.counts.received


def test_closed_month_still_moves_for_some_days(values: Values) -> None:
    august = Period.of_months(2024, 8, 8)
    first, late, final = (count_root(values, date(2024, 9, day), august).dossiers for day in (1, 6, 20))
    assert first > late == final


def test_agencies_differ(values: Values) -> None:
    communes = [unit.counts for unit in values.take_snapshot(YEAR, DAYS[-1]).units if unit.agency.level == "commune"]
    assert len({round(counts.digitised / counts.received, 2) for counts in communes}) > 8


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("size", [60_000, 900_000])
def test_year_ends_as_the_demonstration_needs(seed: int, size: int) -> None:
    values = Values(seed, size, AGENCIES)
    before, end = count_root(values, date(2024, 12, 29)), count_root(values, date(2024, 12, 31))
    assert before.digitised / before.received < 0.80 <= end.digitised / end.received
    assert end.paid_online / end.payable == pytest.approx(0.52, abs=0.01)
    assert end.online / end.received == pytest.approx(0.61, abs=0.01)
    assert end.reused / end.received == pytest.approx(0.38, abs=0.01)
    assert end.e_results / end.received == pytest.approx(0.93, abs=0.01)
    assert end.on_time / end.received == pytest.approx(0.932, abs=0.01)
    assert 0 < end.petitions_late < end.petitions * 0.15


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_procedures_are_announced_in_time_and_some_opened_late(seed: int) -> None:
    decisions = list_publications(seed, YEAR, DAYS[-1])
    opened, late = sum(d.opened for d in decisions), sum(d.opened_late for d in decisions)
    assert 0 < late < opened * 0.1
    months = [Period.of_months(2024, month, month) for month in range(1, 13)]
    assert sum(not list_publications(seed, month, DAYS[-1]) for month in months) == 2
