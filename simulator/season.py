"""The rhythm of the dossiers received: the week, the public holidays and Tết."""

from __future__ import annotations

from datetime import date, timedelta

MONDAY_TO_SUNDAY = (1.15, 1.05, 1.0, 1.0, 0.9, 0.06, 0.02)

# First and last day of the holidays that the government set for 2024 and the first half of 2025.
TET = (
    (date(2024, 2, 8), date(2024, 2, 14)),
    (date(2025, 1, 25), date(2025, 2, 2)),
)
HOLIDAYS = (
    (date(2024, 1, 1), date(2024, 1, 1)),
    (date(2024, 4, 18), date(2024, 4, 18)),
    (date(2024, 4, 27), date(2024, 5, 1)),
    (date(2024, 8, 31), date(2024, 9, 3)),
    (date(2025, 1, 1), date(2025, 1, 1)),
    (date(2025, 4, 7), date(2025, 4, 7)),
    (date(2025, 4, 30), date(2025, 5, 4)),
)
CLOSED = 0.01  # online dossiers still come in

# People clear their desks before Tết and come back slowly; the year ends busy.
WEEK_BEFORE_TET = 0.75
WEEK_AFTER_TET = 0.6
DECEMBER = 1.12


def weigh_day(day: date) -> float:
    """The number of dossiers on ``day`` in proportion to an ordinary Wednesday."""
    if any(first <= day <= last for first, last in (*TET, *HOLIDAYS)):
        return CLOSED
    weight = MONDAY_TO_SUNDAY[day.weekday()]
    week = timedelta(days=7)
    if any(first - week <= day < first for first, _ in TET):
        return weight * WEEK_BEFORE_TET
    if any(last < day <= last + week for _, last in TET):
        return weight * WEEK_AFTER_TET
    return weight * DECEMBER if day.month == 12 else weight
