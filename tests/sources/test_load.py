"""Load: which archived load of a window a run uses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cchc.sources.http import Response
from cchc.sources.load import Load, choose_load, list_archived_loads
from cchc.sources.raw_archive import Archive
from cchc.sources.window import Window

DAY = date(2024, 6, 29)
NOON = datetime(2024, 6, 30, 5, tzinfo=UTC)
WINDOW = Window("transparency", "year", date(2024, 1, 1), date(2024, 12, 31))


@pytest.fixture
def loads(archive: Archive) -> list[Load]:
    """Four loads of one window, an hour apart."""
    for hour in range(4):
        captured_at = NOON + timedelta(hours=hour)
        answer = Response("https://portal.example/x", {}, 201, "application/json", f"{hour}".encode(), captured_at)
        archive.keep(WINDOW.name, DAY, [answer])
    return list_archived_loads(archive, WINDOW, DAY)


@pytest.mark.parametrize(
    ("statuses", "chosen"),
    [
        ([None, None, None, None], 0),
        (["stopped", "published", None, "published"], 1),
        (["stopped", None, "published", None], 2),
        (["stopped", None, None, "stopped"], 1),
        (["stopped", "failed", None, None], 1),
        (["stopped", "stopped", "stopped", "stopped"], None),
    ],
)
def test_published_load_is_chosen_else_the_first_that_is_not_stopped(
    loads: list[Load], statuses: list[str | None], chosen: int | None
) -> None:
    ledger = {load.load_id: status for load, status in zip(loads, statuses, strict=True) if status}
    assert choose_load(loads, ledger) == (None if chosen is None else loads[chosen])


def test_stopped_load_is_chosen_where_it_is_better_than_none(loads: list[Load]) -> None:
    stopped = {load.load_id: "stopped" for load in loads}
    assert choose_load(loads, stopped, is_stopped_usable=True) == loads[0]
    del stopped[loads[2].load_id]
    assert choose_load(loads, stopped, is_stopped_usable=True) == loads[2]


def test_same_bytes_of_one_window_and_day_are_one_load(archive: Archive) -> None:
    for hour in range(2):
        answer = Response("https://portal.example/x", {}, 201, "", b"{}", NOON + timedelta(hours=hour))
        archive.keep(WINDOW.name, DAY, [answer])
    first, second = list_archived_loads(archive, WINDOW, DAY)
    assert first.load_id == second.load_id
    assert first.capture != second.capture
