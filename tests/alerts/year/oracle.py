"""Oracle of the year's alerts: computed from docs/rulings.md in exact fractions, without a line of cchc.

A value that arrives late, or is restated, is judged as it was known to each run.
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
from tests.alerts.year.scenario import CATALOG, DAYS, FIRST, LAST, Parts, Scenario

ONE_DAY = timedelta(days=1)
PROVISIONAL, DIFFERS = "TEMP_NATIONAL_REPORT_DENOMINATOR", "children_differ"
MIN_DENOMINATOR, REARM_GAP = 30, Fraction(1, 2)
BREAKS = yaml.safe_load((CATALOG / "holidays.yaml").read_text(encoding="utf-8"))["breaks"]
DAYS_OFF = {off["first"] + n * ONE_DAY for off in BREAKS for n in range((off["last"] - off["first"]).days + 1)}
MADE_UP = {day for off in BREAKS for day in off.get("made_up_on", [])}
ENDED_ON = {"H58.31.01": date(2024, 7, 1), "H58.31.02": date(2024, 7, 1)}


@dataclass(frozen=True)
class Day:
    """A day that counts; ``known_on``: day of the run that got its report."""

    day: date
    known_on: date
    is_good: bool
    gap: Fraction | None = None


class Episode(NamedTuple):
    """The first bad day, the day that confirmed the episode, and the day that ended it (None: it goes on)."""

    began: Day
    confirmed: Day
    over: Day | None


class Indicator(NamedTuple):
    """An indicator of the small plan, as in catalog/plan_2024.yaml."""

    code: str
    compare: Callable[[Fraction, Fraction], bool]
    target: Fraction
    levels: frozenset[str]


ALL = frozenset({"province", "department", "district", "commune"})
PORTAL_INDICATORS = {
    "online_payment": Indicator("II.1.b-1", operator.ge, Fraction(45), ALL - {"department"}),
    "components_digitised": Indicator("II.1.a-2", operator.ge, Fraction(80), ALL),
    "data_reused": Indicator("II.1.c-2", operator.ge, Fraction(50), ALL),
    "electronic_result": Indicator("II.1.d-2", operator.gt, Fraction(90), ALL),
}
OFFICE = Indicator("II.9-1", operator.ge, Fraction(95), ALL)
INSPECTIONS, PAYMENTS = "II.2-2", "II.7-1"


def list_alerts(scenario: Scenario) -> set[Alert]:
    """Every alert of the year."""
    alerts = chain(
        _list_portal(scenario),
        _list_office(scenario),
        _list_paces(scenario),
        _list_doubts(scenario),
        _list_tasks(scenario),
        _list_late_sources(scenario),
    )
    return set(map(_escalate, alerts))


def _escalate(alert: Alert) -> Alert:
    """The alert with its escalation: on the morning after five working days since the notification."""
    if alert.kind not in ("missed", "behind", "task_overdue"):
        return alert
    morning = alert.found_on + ONE_DAY
    for _ in range(5):
        morning += ONE_DAY
        while morning in DAYS_OFF or (morning.isoweekday() >= 6 and morning not in MADE_UP):
            morning += ONE_DAY
    run = morning - ONE_DAY
    return alert._replace(escalated_on=run) if run <= LAST and run < (alert.over_on or date.max) else alert


def find_episodes(
    days: Sequence[Day],
    *,
    is_armed: bool,
    rearm_gap: Fraction | None,
    confirmed_by: int = 2,
    rearm_days: int = 7,
) -> list[Episode]:
    """The episodes of a whole series: ``confirmed_by`` bad days in a row begin one, if none is open."""
    episodes: list[Episode] = []
    is_open, good, bad = False, 0, 0
    for position, day in enumerate(days):
        good, bad = (good + 1, 0) if day.is_good else (0, bad + 1)
        is_clear = rearm_gap is not None and day.gap is not None and day.gap >= rearm_gap
        if day.is_good and is_open and (is_clear or good >= rearm_days):
            is_open = False
            episodes[-1] = episodes[-1]._replace(over=day)
        elif day.is_good and not is_open:
            is_armed = True
        elif bad >= confirmed_by and is_armed and not is_open:
            is_open = True
            episodes.append(Episode(days[position - confirmed_by + 1], day, None))
    return episodes


def follow(kind: str, about: str, agency: str, versions: Sequence[tuple[date, Sequence[Episode]]]) -> Iterator[Alert]:
    """The alerts of one series. ``versions``: its episodes, each with the day of the run from which it is known."""
    alerts: list[Alert] = []
    ends = [since for since, _ in versions[1:]] + [date.max]
    for (since, episodes), until in zip(versions, ends, strict=True):
        if alerts and alerts[-1].resolution is None and not episodes:
            alerts[-1] = alerts[-1].end("withdrawn", since, since)
        for episode in episodes:
            found_on = max(episode.confirmed.known_on, since)
            is_seen = episode.over is None or episode.over.known_on > found_on
            is_known = bool(alerts) and alerts[-1].resolution is None
            if is_seen and not is_known and found_on < until and episode.confirmed.known_on < until:
                alerts.append(Alert(kind, about, agency, episode.began.day, found_on))
                is_known = True
            if is_known and episode.over and episode.over.known_on < until:
                alerts[-1] = alerts[-1].end("recovered", episode.over.day, episode.over.known_on)
    ended_on = ENDED_ON.get(agency)
    for alert in alerts:
        if alert.resolution is None and ended_on:
            yield alert.end("closed", ended_on, ended_on)
        else:
            yield alert


def judge(indicator: Indicator, day: date, known_on: date, parts: Parts) -> Day | None:
    """The day of a value against its target; None with few cases."""
    if parts.denominator < MIN_DENOMINATOR:
        return None
    value = Fraction(parts.numerator * 100, parts.denominator)
    return Day(day, known_on, indicator.compare(value, indicator.target), value - indicator.target)


def find_falls(indicator: Indicator, series: Iterable[tuple[date, date, Parts]]) -> list[Day]:
    """Each day, bad where a value that attains fell unusually."""
    days: list[Day] = []
    changes: list[tuple[date, Fraction]] = []
    before: tuple[date, Fraction] | None = None
    for day, known_on, parts in series:
        if parts.denominator < MIN_DENOMINATOR:
            continue
        value = Fraction(parts.numerator * 100, parts.denominator)
        is_fall = False
        if before:
            change = (value - before[1]) / (day - before[0]).days
            usual = [abs(known) for on, known in changes if (day - on).days <= 60]
            is_fall = (
                indicator.compare(value, indicator.target)
                and before[1] - value >= 1
                and len(usual) >= 14
                and -change > 3 * median(usual)
            )
            changes.append((day, change))
        days.append(Day(day, known_on, not is_fall))
        before = day, value
    return days


def _list_agencies(scenario: Scenario, indicator: Indicator) -> list[str]:
    levels = {agency.code: agency.level for agency in scenario.values.agencies}
    return [code for code, level in levels.items() if level in indicator.levels]


def _list_portal(scenario: Scenario) -> Iterator[Alert]:
    arrivals = scenario.arrivals["national_portal"]
    for metric, indicator in PORTAL_INDICATORS.items():
        parts = {day: scenario.list_parts(metric, day) for day in arrivals}
        for code in _list_agencies(scenario, indicator):
            series = [
                (day, known_on, parts[day][code])
                for day, known_on in arrivals.items()
                if code in parts[day] and PROVISIONAL not in scenario.list_flags(metric, day, code)
            ]
            yield from _list_series(indicator, code, [(FIRST, series)])
        differing = [
            Day(day, known_on, DIFFERS not in scenario.list_flags(metric, day, ROOT_CODE))
            for day, known_on in arrivals.items()
        ]
        episodes = find_episodes(differing, is_armed=True, rearm_gap=None)
        yield from follow("reconciliation", indicator.code, ROOT_CODE, [(FIRST, episodes)])


Series = list[tuple[date, date, Parts]]


def _list_series(indicator: Indicator, code: str, versions: Sequence[tuple[date, Series]]) -> Iterator[Alert]:
    """Missed alerts and unusual falls of one agency's series. The end of a fall notifies nobody."""
    missed, falls = [], []
    for since, series in versions:
        days = [day for known in series if (day := judge(indicator, *known))]
        missed.append((since, find_episodes(days, is_armed=False, rearm_gap=REARM_GAP)))
        fallen = find_falls(indicator, series)
        falls.append((since, find_episodes(fallen, is_armed=True, confirmed_by=1, rearm_gap=None)))
    yield from follow("missed", indicator.code, code, missed)
    for alert in follow("drop", indicator.code, code, falls):
        yield alert._replace(resolution="closed") if alert.resolution == "recovered" else alert


def _list_office(scenario: Scenario) -> Iterator[Alert]:
    arrivals = scenario.arrivals["eoffice"]
    overrides = scenario.records["documents"]["overrides"]
    restated = sorted({one[name] for one in overrides for name in ("reported_from", "corrected_on") if name in one})
    runs = [FIRST, *restated]
    units = {day: scenario.list_office_units(day) for day in arrivals}
    for code in [ROOT_CODE, *scenario.records["documents"]["units"]]:
        versions = []
        for since in runs:
            own = {
                day: [scenario.report_unit_day(unit, day, since) for unit in units[day] if code in (unit, ROOT_CODE)]
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
        yield from _list_series(OFFICE, code, versions)


def _list_paces(scenario: Scenario) -> Iterator[Alert]:
    """Straight lines: to 31 December, and for money to the day on which the budget year closes."""
    year = len(DAYS)
    payments = [
        _compare_pace(run, run, Fraction(scenario.paid[run] * 100, scenario.plan), Fraction(90, year + 31), 90)
        for run in DAYS
    ]
    yield from follow(
        "behind", PAYMENTS, ROOT_CODE, [(FIRST, find_episodes(payments, is_armed=True, rearm_gap=REARM_GAP))]
    )
    inspections = []
    newest: dict[str, bool] = {}
    for run in DAYS:
        reports = scenario.list_inspections(run)
        newest |= {report.agency: report.is_inspected for report in reports}
        for month_end in {report.month_end for report in reports}:
            value = Fraction(100 * sum(newest.values()), len(newest))
            inspections.append(_compare_pace(month_end, run, value, Fraction(75, year), 75))
    episodes = find_episodes(inspections, is_armed=True, rearm_gap=REARM_GAP)
    yield from follow("behind", INSPECTIONS, ROOT_CODE, [(FIRST, episodes)])


def _compare_pace(day: date, known_on: date, value: Fraction, a_day: Fraction, target: int) -> Day:
    pace = a_day * ((day - FIRST).days + 1)
    return Day(day, known_on, value >= pace or value > target, value - pace)


def _list_doubts(scenario: Scenario) -> Iterator[Alert]:
    """Results of the province that can't be judged, as each run knows the days until then."""
    arrivals = scenario.arrivals["national_portal"]
    for metric, indicator in PORTAL_INDICATORS.items():
        provisional = {day for day in DAYS if PROVISIONAL in scenario.list_flags(metric, day, ROOT_CODE)}

        def list_known(run: date, provisional: set[date] = provisional) -> list[Day]:
            fresh = {day for day, known_on in arrivals.items() if known_on <= run}
            return [Day(day, run, day in fresh - provisional) for day in DAYS if day <= run]

        yield from _follow_doubts(indicator.code, list_known)
    yield from _follow_doubts(INSPECTIONS, lambda run: _list_covered(scenario, run))


def _list_covered(scenario: Scenario, run: date) -> list[Day]:
    """Whether all districts had a value in time: until 20 days after the end of the month after its own."""
    reports = [report for known in DAYS if known <= run for report in scenario.list_inspections(known)]
    covered_until = {
        (report.agency, report.month_end): _end_month(report.month_end + ONE_DAY) + timedelta(days=20)
        for report in reports
    }
    days = [day for day in DAYS if reports and reports[0].month_end <= day <= run]
    districts = {report.agency for report in reports}
    return [
        Day(
            day,
            run,
            districts == {agency for (agency, end), until in covered_until.items() if end <= day <= until},
        )
        for day in days
    ]


def _end_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - ONE_DAY


def _follow_doubts(about: str, list_known: Callable[[date], Sequence[Day]]) -> Iterator[Alert]:
    """Two days that can't be judged open an alert; one that can ends it quietly. A late report moves its first day,
    and when all reports have come no day is left that can't be judged."""
    alert: Alert | None = None
    for run in DAYS:
        episodes = find_episodes(list_known(run), is_armed=False, rearm_gap=None, rearm_days=1)
        episode = episodes[-1] if episodes else None
        if episode and episode.over is None and alert is None:
            alert = Alert("unknown", about, ROOT_CODE, episode.began.day, run)
        elif episode and episode.over is None and alert:
            alert = alert._replace(began_on=episode.began.day)
        elif alert:
            over = episode.over.day if episode and episode.over and episode.over.day > alert.began_on else run
            yield alert.end("closed", over, run)
            alert = None


DUE = {"PL.I.1": date(2024, 3, 31), "PL.I.2": date(2024, 6, 30), "PL.I.3": date(2024, 9, 30)}


def _list_tasks(scenario: Scenario) -> Iterator[Alert]:
    """Due soon for 14 days and on the last one; overdue from the next, until it is done or the agency has ended."""
    done = {(report.task, report.agency): max(report.done_on, report.reported_on) for report in scenario.tasks_done}
    agencies = {agency.code: agency for agency in scenario.values.agencies}
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


def _list_late_sources(scenario: Scenario) -> Iterator[Alert]:
    """The portal's newest day must be that of the run; the e-office may be three days behind."""
    for source, allowed in (("national_portal", 0), ("eoffice", 3)):
        arrivals = scenario.arrivals[source]
        alert: Alert | None = None
        for run in DAYS:
            newest = max((day for day, known_on in arrivals.items() if known_on <= run), default=None)
            is_late = newest is not None and (run - newest).days > allowed
            if is_late and alert is None:
                since = newest + timedelta(days=allowed + 1)
                alert = Alert("source_late", source, None, since, run)
            elif not is_late and alert:
                yield alert.end("recovered", run, run)
                alert = None
