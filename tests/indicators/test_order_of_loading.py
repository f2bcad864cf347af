"""Days published and computed in any order end in the same mart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import permutations

import pytest

from tests.indicators.province_fixture import ProvinceFixture

MART = """
select 'mart.measure ' || to_jsonb(m)::text from mart.measure as m
union all
select 'mart.indicator_attainment ' || (to_jsonb(a) - 'run_id' - 'computed_at')::text
from mart.indicator_attainment as a
"""
Parts = dict[str, tuple[int, int]]

STEADY: Parts = {"root": (50, 100), "id-31": (10, 20), "id-32": (30, 80)}
CODES = {"root": "H58", "id-31": "H58.31", "id-32": "H58.32"}
WITH_UNREGISTERED = {**CODES, "id-90": "H58.90"}
# The month just ended, as captured on each of the days: a closed month still moves.
MONTHS: list[Parts] = [{"root": (40, 90)}, {"root": (39, 91), "id-31": (4, 9)}, {"root": (41, 89)}]


@dataclass(frozen=True)
class Season:
    """Three successive days of the portal; ``codes``: those that the responses of the day give, by department id.

    ``typed_from``: the first day of H58.90 in the catalog; None: it is unregistered.
    """

    parts: list[Parts]
    codes: list[dict[str, str]]
    first: date = date(2024, 6, 1)
    typed_from: date | None = None

    def day(self, place: int) -> date:
        """The day at place 0, 1 or 2."""
        return self.first + timedelta(place)

    def publish(self, province: ProvinceFixture, place: int) -> None:
        """Publish the year's and the month's response of a day."""
        day = self.day(place)
        month = (day.replace(day=1) - timedelta(1)).replace(day=1)
        province.publish(day, self.parts[place], self.codes[place])
        province.publish(day, MONTHS[place], {}, month)


SEASONS = {
    "falls and repeats": Season(
        [STEADY, STEADY, {"root": (49, 101), "id-31": (9, 20), "id-32": (30, 80)}], [CODES, CODES, CODES]
    ),
    "a district is missing on a day": Season(
        [STEADY, {"root": (51, 101), "id-31": (11, 21)}, STEADY], [CODES, CODES, CODES]
    ),
    "an unregistered agency appears": Season(
        [STEADY, {**STEADY, "id-90": (1, 2)}, {**STEADY, "id-90": (1, 3)}],
        [CODES, WITH_UNREGISTERED, WITH_UNREGISTERED],
    ),
    "an unregistered agency leaves at the end of the year": Season(
        [{**STEADY, "id-90": (1, 2)}, {**STEADY, "id-90": (1, 3)}, STEADY],
        [WITH_UNREGISTERED, WITH_UNREGISTERED, CODES],
        first=date(2024, 12, 30),
    ),
    "an agency is reported before it is valid": Season(
        [{**STEADY, "id-90": (1, 2)}, {**STEADY, "id-90": (1, 3)}, {**STEADY, "id-90": (1, 4)}],
        [WITH_UNREGISTERED, WITH_UNREGISTERED, WITH_UNREGISTERED],
        typed_from=date(2024, 6, 3),
    ),
    "codes are given on the first day only": Season([STEADY, STEADY, STEADY], [CODES, {}, {}]),
    "codes are given on the last day only": Season([STEADY, STEADY, STEADY], [{}, {}, CODES]),
}


@pytest.mark.parametrize("season", SEASONS.values(), ids=SEASONS.keys())
def test_order_of_loading_makes_no_difference(province: ProvinceFixture, season: Season) -> None:
    if season.typed_from:
        province.add_agency("H58.90", season.typed_from)
    forward, *others = permutations(range(3))
    expected = load(province, season, forward)
    for order in others:
        differences = "\n".join(sorted(load(province, season, order) ^ expected))
        assert not differences, f"{order} and {forward} differ in these rows:\n{differences}"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_computing_once_at_the_end_makes_no_difference(province: ProvinceFixture, order: tuple[int, ...]) -> None:
    season = SEASONS["falls and repeats"]
    expected = load(province, season, (0, 1, 2))
    for place in order:
        season.publish(province, place)
    province.compute(season.day(0), season.day(2))
    assert read_mart(province) == expected


def load(province: ProvinceFixture, season: Season, order: tuple[int, ...]) -> set[str]:
    """The mart after each of the days was published and computed, in this order; then everything is undone."""
    with province.connection.transaction(force_rollback=True):
        for place in order:
            season.publish(province, place)
            province.compute(season.day(place))
        return read_mart(province)


def read_mart(province: ProvinceFixture) -> set[str]:
    """All rows, without who computed them and when."""
    rows = {row for (row,) in province.query(MART)}
    assert rows
    return rows
