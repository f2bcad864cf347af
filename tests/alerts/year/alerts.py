"""The list of the year's alerts: the expected ones, and those of a warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import psycopg
import yaml

from tests.alerts.year.scenario import YEAR_FOLDER

ALERTS = """
select
    a.kind,
    coalesce(a.indicator_code, a.task_code, a.source) as about,
    a.agency_code,
    a.began_on,
    a.as_of_date as found_on,
    max(s.as_of_date) filter (where s.step = 'escalated') as escalated_on,
    a.resolution,
    a.resolved_on,
    max(s.as_of_date) filter (where s.step in ('resolved', 'withdrawn', 'closed')) as over_on
from ops.alert as a
left join ops.alert_step as s on a.alert_id = s.alert_id
where a.is_notified
group by a.alert_id
"""


class Alert(NamedTuple):
    """A notified alert. ``about``: indicator, task or source; ``resolved_on``: the day that ended the episode.

    ``found_on``, ``escalated_on``, ``over_on``: days of the runs that opened it, escalated it and found its end.
    """

    kind: str
    about: str
    agency: str | None
    began_on: date
    found_on: date
    escalated_on: date | None = None
    resolution: str | None = None
    resolved_on: date | None = None
    over_on: date | None = None

    def end(self, resolution: str, resolved_on: date, over_on: date) -> Alert:
        """The same, over."""
        return self._replace(resolution=resolution, resolved_on=resolved_on, over_on=over_on)


def read_expected() -> list[Alert]:
    """The alerts of expected_alerts.yaml."""
    expected = yaml.safe_load((YEAR_FOLDER / "expected_alerts.yaml").read_text(encoding="utf-8"))
    return [Alert(**{"agency": None, "over_on": fields.get("resolved_on"), **fields}) for fields in expected]


def read_alerts(connection: psycopg.Connection) -> list[Alert]:
    """The alerts of ops.alert."""
    return [Alert(*row) for row in connection.execute(ALERTS).fetchall()]


def check_alerts(wanted: Iterable[Alert], found: Iterable[Alert]) -> None:
    """Check that both are the same, each once; the AssertionError has a line for each missing or surplus alert."""
    wanted, found = list(wanted), list(found)
    faults = [("missing", alert) for alert in wanted if alert not in found]
    faults += [("too much", alert) for alert in found if alert not in wanted]
    faults += [("twice", alert) for alert in set(found) if found.count(alert) > 1]
    if faults:
        lines = [
            f"{fault:9} {' '.join(map(str, alert))}" for fault, alert in sorted(faults, key=lambda one: str(one[1]))
        ]
        raise AssertionError("\n".join(["not the alerts wanted:", *lines]))
