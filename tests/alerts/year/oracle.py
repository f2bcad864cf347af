"""The alerts of the year reckoned a second time, from the rulings, in exact fractions and with no line of the product.

A figure known on a later night than its own day, or told anew, is reckoned as it was known on each night.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import chain
from statistics import median
from typing import NamedTuple

import yaml

from simulator.agencies import ROOT_CODE
from tests.alerts.year.alerts import Alert
from tests.alerts.year.scenario import CATALOG, FIRST, LAST, NIGHTS, Parts, Telling

ONE_DAY = timedelta(days=1)
PROVISIONAL, DIFFERS = "TEMP_NATIONAL_REPORT_DENOMINATOR", "children_differ"
LEAST_DENOMINATOR, REARM_GAP = 30, Fraction(1, 2)
BREAKS = yaml.safe_load((CATALOG / "holidays.yaml").read_text(encoding="utf-8"))["breaks"]
DAYS_OFF = {off["first"] + n * ONE_DAY for off in BREAKS for n in range((off["last"] - off["first"]).days + 1)}
MADE_UP = {day for off in BREAKS for day in off.get("made_up_on", [])}
ENDED_ON = {"H58.31.01": date(2024, 7, 1), "H58.31.02": date(2024, 7, 1)}


@dataclass(frozen=True)
class Day:
    """A day that says something: ``known_on`` the night that told it."""

    day: date
    known_on: date
    is_good: bool
    gap: Fraction | None = None


class Turn(NamedTuple):
    """Two bad days and what followed: the days that tell it, ``over`` None while it goes on."""

    began: Day
    confirmed: Day
    over: Day | None


class Entry(NamedTuple):
    """An entry of the small plan, as catalog/plan_2024.yaml has it."""

    code: str
    compare: Callable[[Fraction, Fraction], bool]
    target: Fraction
    levels: frozenset[str]


ALL = frozenset({"province", "department", "district", "commune"})
PORTAL_ENTRIES = {
    "online_payment": Entry("II.1.b-1", operator.ge, Fraction(45), ALL - {"department"}),
    "components_digitised": Entry("II.1.a-2", operator.ge, Fraction(80), ALL),
    "data_reused": Entry("II.1.c-2", operator.ge, Fraction(50), ALL),
    "electronic_result": Entry("II.1.d-2", operator.gt, Fraction(90), ALL),
}
OFFICE = Entry("II.9-1", operator.ge, Fraction(95), ALL)
INSPECTIONS, PAYMENTS = "II.2-2", "II.7-1"


def reckon(told: Telling) -> set[Alert]:
    """Every alert of the year."""
    alerts = chain(
        _reckon_portal(told),
        _reckon_office(told),
        _reckon_paces(told),
        _reckon_doubts(told),
        _reckon_tasks(told),
        _reckon_late_sources(told),
    )
    return set(map(_escalate, alerts))


def _escalate(alert: Alert) -> Alert:
    """After five working days without an answer, not counting the day on which people were told: the morning after."""
    if alert.kind not in ("missed", "behind", "task_overdue"):
        return alert
    morning = alert.found_on + ONE_DAY
    for _ in range(5):
        morning += ONE_DAY
        while morning in DAYS_OFF or (morning.isoweekday() >= 6 and morning not in MADE_UP):
            morning += ONE_DAY
    night = morning - ONE_DAY
    return alert._replace(escalated_on=night) if night <= LAST and night < (alert.over_on or date.max) else alert


def find_turns(
    days: Sequence[Day],
    *,
    is_armed: bool,
    rearm_gap: Fraction | None,
    confirmed_by: int = 2,
    rearm_days: int = 7,
) -> list[Turn]:
    """Read a series from its beginning: ``confirmed_by`` bad days in a row are a turn, if nothing is going on."""
    turns: list[Turn] = []
    is_open, good, bad = False, 0, 0
    for position, day in enumerate(days):
        good, bad = (good + 1, 0) if day.is_good else (0, bad + 1)
        is_clear = rearm_gap is not None and day.gap is not None and day.gap >= rearm_gap
        if day.is_good and is_open and (is_clear or good >= rearm_days):
            is_open = False
            turns[-1] = turns[-1]._replace(over=day)
        elif day.is_good and not is_open:
            is_armed = True
        elif bad >= confirmed_by and is_armed and not is_open:
            is_open = True
            turns.append(Turn(days[position - confirmed_by + 1], day, None))
    return turns


def follow(kind: str, about: str, agency: str, versions: Sequence[tuple[date, Sequence[Turn]]]) -> Iterator[Alert]:
    """The alerts of one cell. ``versions``: from which night on the turns were so, the last turns being today's."""
    alerts: list[Alert] = []
    ends = [since for since, _ in versions[1:]] + [date.max]
    for (since, turns), until in zip(versions, ends, strict=True):
        if alerts and alerts[-1].resolution is None and not turns:
            alerts[-1] = alerts[-1].end("withdrawn", since, since)
        for turn in turns:
            found_on = max(turn.confirmed.known_on, since)
            is_seen = turn.over is None or turn.over.known_on > found_on
            is_known = bool(alerts) and alerts[-1].resolution is None
            if is_seen and not is_known and found_on < until and turn.confirmed.known_on < until:
                alerts.append(Alert(kind, about, agency, turn.began.day, found_on))
                is_known = True
            if is_known and turn.over and turn.over.known_on < until:
                alerts[-1] = alerts[-1].end("recovered", turn.over.day, turn.over.known_on)
    ended_on = ENDED_ON.get(agency)
    for alert in alerts:
        if alert.resolution is None and ended_on:
            yield alert.end("closed", ended_on, ended_on)
        else:
            yield alert


def judge(entry: Entry, day: date, known_on: date, parts: Parts) -> Day | None:
    """What a figure says of its target; None on few cases."""
    if parts.denominator < LEAST_DENOMINATOR:
        return None
    value = Fraction(parts.numerator * 100, parts.denominator)
    return Day(day, known_on, entry.compare(value, entry.target), value - entry.target)


def find_falls(entry: Entry, series: Iterable[tuple[date, date, Parts]]) -> list[Day]:
    """Each day, bad where a figure that attains fell unusually."""
    days: list[Day] = []
    changes: list[tuple[date, Fraction]] = []
    before: tuple[date, Fraction] | None = None
    for day, known_on, parts in series:
        if parts.denominator < LEAST_DENOMINATOR:
            continue
        value = Fraction(parts.numerator * 100, parts.denominator)
        is_fall = False
        if before:
            change = (value - before[1]) / (day - before[0]).days
            usual = [abs(known) for on, known in changes if (day - on).days <= 60]
            is_fall = (
                entry.compare(value, entry.target)
                and before[1] - value >= 1
                and len(usual) >= 14
                and -change > 3 * median(usual)
            )
            changes.append((day, change))
        days.append(Day(day, known_on, not is_fall))
        before = day, value
    return days


def _list_agencies(told: Telling, entry: Entry) -> list[str]:
    levels = {agency.code: agency.level for agency in told.figures.agencies}
    return [code for code, level in levels.items() if level in entry.levels]


def _reckon_portal(told: Telling) -> Iterator[Alert]:
    arrivals = told.arrivals["national_portal"]
    for metric, entry in PORTAL_ENTRIES.items():
        parts = {day: told.list_parts(metric, day) for day in arrivals}
        for code in _list_agencies(told, entry):
            series = [
                (day, known_on, parts[day][code])
                for day, known_on in arrivals.items()
                if code in parts[day] and PROVISIONAL not in told.list_flags(metric, day, code)
            ]
            yield from _reckon_cell(entry, code, [(FIRST, series)])
        differing = [
            Day(day, known_on, DIFFERS not in told.list_flags(metric, day, ROOT_CODE))
            for day, known_on in arrivals.items()
        ]
        turns = find_turns(differing, is_armed=True, rearm_gap=None)
        yield from follow("reconciliation", entry.code, ROOT_CODE, [(FIRST, turns)])


Series = list[tuple[date, date, Parts]]


def _reckon_cell(entry: Entry, code: str, versions: Sequence[tuple[date, Series]]) -> Iterator[Alert]:
    """Crossings and unusual falls of one agency's figure. A fall is an event: its end is nobody's news."""
    crossings, falls = [], []
    for since, series in versions:
        days = [day for known in series if (day := judge(entry, *known))]
        crossings.append((since, find_turns(days, is_armed=False, rearm_gap=REARM_GAP)))
        fallen = find_falls(entry, series)
        falls.append((since, find_turns(fallen, is_armed=True, confirmed_by=1, rearm_gap=None)))
    yield from follow("missed", entry.code, code, crossings)
    for alert in follow("drop", entry.code, code, falls):
        yield alert._replace(resolution="closed") if alert.resolution == "recovered" else alert


def _reckon_office(told: Telling) -> Iterator[Alert]:
    arrivals = told.arrivals["eoffice"]
    turns = told.records["documents"]["turns"]
    retold = sorted({turn[name] for turn in turns for name in ("told_from", "told_right_on") if name in turn})
    nights = [FIRST, *retold]
    units = {day: told.list_office_units(day) for day in arrivals}
    for code in [ROOT_CODE, *told.records["documents"]["units"]]:
        versions = []
        for since in nights:
            own = {
                day: [told.tell_unit_day(unit, day, since) for unit in units[day] if code in (unit, ROOT_CODE)]
                for day in arrivals
            }
            series: Series = []
            sent = electronic = 0
            for day, unit_days in own.items():
                sent += sum(unit_day.sent for unit_day in unit_days)
                electronic += sum(unit_day.electronic for unit_day in unit_days)
                if unit_days:
                    series.append((day, arrivals[day], Parts(electronic, sent)))
            versions.append((since, series))
        yield from _reckon_cell(OFFICE, code, versions)


def _reckon_paces(told: Telling) -> Iterator[Alert]:
    """Straight lines: to 31 December, and for money to the day on which the budget year closes."""
    year = len(NIGHTS)
    payments = [
        _compare_pace(night, night, Fraction(told.paid[night] * 100, told.plan), Fraction(90, year + 31), 90)
        for night in NIGHTS
    ]
    yield from follow(
        "behind", PAYMENTS, ROOT_CODE, [(FIRST, find_turns(payments, is_armed=True, rearm_gap=REARM_GAP))]
    )
    inspections = []
    newest: dict[str, bool] = {}
    for night in NIGHTS:
        reports = told.list_inspections(night)
        newest |= {report.agency: report.is_inspected for report in reports}
        for month_end in {report.month_end for report in reports}:
            value = Fraction(100 * sum(newest.values()), len(newest))
            inspections.append(_compare_pace(month_end, night, value, Fraction(75, year), 75))
    turns = find_turns(inspections, is_armed=True, rearm_gap=REARM_GAP)
    yield from follow("behind", INSPECTIONS, ROOT_CODE, [(FIRST, turns)])


def _compare_pace(day: date, known_on: date, value: Fraction, a_day: Fraction, target: int) -> Day:
    pace = a_day * ((day - FIRST).days + 1)
    return Day(day, known_on, value >= pace or value > target, value - pace)


def _reckon_doubts(told: Telling) -> Iterator[Alert]:
    """What can't be judged of the province: as each night knows the days until then."""
    arrivals = told.arrivals["national_portal"]
    for metric, entry in PORTAL_ENTRIES.items():
        provisional = {day for day in NIGHTS if PROVISIONAL in told.list_flags(metric, day, ROOT_CODE)}

        def list_known(night: date, provisional: set[date] = provisional) -> list[Day]:
            fresh = {day for day, known_on in arrivals.items() if known_on <= night}
            return [Day(day, night, day in fresh - provisional) for day in NIGHTS if day <= night]

        yield from _follow_doubts(entry.code, list_known)
    yield from _follow_doubts(INSPECTIONS, lambda night: _list_covered(told, night))


def _list_covered(told: Telling, night: date) -> list[Day]:
    """Whether all districts had a figure in time: until 20 days after the end of the month after its own."""
    reports = [report for known in NIGHTS if known <= night for report in told.list_inspections(known)]
    covered_until = {
        (report.agency, report.month_end): _end_month(report.month_end + ONE_DAY) + timedelta(days=20)
        for report in reports
    }
    days = [day for day in NIGHTS if reports and reports[0].month_end <= day <= night]
    districts = {report.agency for report in reports}
    return [
        Day(
            day,
            night,
            districts == {agency for (agency, end), until in covered_until.items() if end <= day <= until},
        )
        for day in days
    ]


def _end_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - ONE_DAY


def _follow_doubts(about: str, list_known: Callable[[date], Sequence[Day]]) -> Iterator[Alert]:
    """Two days that can't be judged are told once; one that can ends it quietly. What comes late moves the beginning,
    and when all has come there is nothing any more that can't be judged."""
    alert: Alert | None = None
    for night in NIGHTS:
        turns = find_turns(list_known(night), is_armed=False, rearm_gap=None, rearm_days=1)
        turn = turns[-1] if turns else None
        if turn and turn.over is None and alert is None:
            alert = Alert("unknown", about, ROOT_CODE, turn.began.day, night)
        elif turn and turn.over is None and alert:
            alert = alert._replace(began_on=turn.began.day)
        elif alert:
            over = turn.over.day if turn and turn.over and turn.over.day > alert.began_on else night
            yield alert.end("closed", over, night)
            alert = None


DUE = {"PL.I.1": date(2024, 3, 31), "PL.I.2": date(2024, 6, 30), "PL.I.3": date(2024, 9, 30)}


def _reckon_tasks(told: Telling) -> Iterator[Alert]:
    """Due soon for 14 days and on the last one; overdue from the next, until it is done or the agency has ended."""
    done = {(report.task, report.agency): max(report.done_on, report.reported_on) for report in told.tasks_done}
    agencies = {agency.code: agency for agency in told.figures.agencies}
    answering = {
        "PL.I.1": ["H58.02"],
        "PL.I.2": [code for code, agency in agencies.items() if agency.level == "commune"],
        "PL.I.3": ["H58.32"],
    }
    for task, due_on in DUE.items():
        for code in answering[task]:
            known_done = done.get((task, code), date.max)
            ended_on = ENDED_ON.get(code, date.max)
            since = max(due_on - timedelta(days=14), agencies[code].valid_from)
            if since <= due_on and known_done > since:
                over = min(due_on + ONE_DAY, known_done)
                resolution = "recovered" if known_done <= due_on else "closed"
                yield Alert("task_due_soon", task, code, due_on, since).end(resolution, over, over)
            late_since = max(due_on + ONE_DAY, agencies[code].valid_from)
            if known_done > late_since and ended_on > late_since:
                overdue = Alert("task_overdue", task, code, due_on + ONE_DAY, late_since)
                yield overdue.end("recovered", known_done, known_done)


def _reckon_late_sources(told: Telling) -> Iterator[Alert]:
    """The portal's newest day must be the night's; the e-office may be three days behind."""
    for source, allowed in (("national_portal", 0), ("eoffice", 3)):
        arrivals = told.arrivals[source]
        alert: Alert | None = None
        for night in NIGHTS:
            newest = max((day for day, known_on in arrivals.items() if known_on <= night), default=None)
            is_late = newest is not None and (night - newest).days > allowed
            if is_late and alert is None:
                since = newest + timedelta(days=allowed + 1)
                alert = Alert("source_late", source, None, since, night)
            elif not is_late and alert:
                yield alert.end("recovered", night, night)
                alert = None
