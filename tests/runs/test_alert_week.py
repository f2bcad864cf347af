"""A week of the seeded year through the real DAGs: the portal over HTTP, notifications over SMTP."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta

import pytest

from cchc.calendar import LOCAL
from simulator.server import run_simulator
from tests.alerts.smtp_server import serve_mail
from tests.alerts.year.deliveries import read_mails
from tests.alerts.year.scenario import CATALOG, PORTAL, YEAR_FOLDER
from tests.runs.conftest import PORTAL_WELL, set_portal_clock

# On 23 April the province is below its 45 % for the first time, on the 24th again. The city, which has fallen since
# the 5th, never attained in this warehouse: it can't cross.
WEEK = [date(2024, 4, day) for day in range(22, 26)]
CONFIRMED = date(2024, 4, 24)
ALERTS = (
    "select kind, indicator_code, agency_code, began_on, as_of_date, is_notified from ops.alert"
    " where audience = 'performance'"
)


@pytest.mark.timeout(600)
def test_crossing_is_detected_by_the_run_and_notified_with_the_next_digest(installation):
    with run_simulator(scenario=PORTAL) as portal, serve_mail("none") as mail_server:
        installation.connect_portal(portal.base_url, portal.root_department_id)
        mail = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": mail_server.port,
            "extra": {"sender": "cchc@tinh.example.invalid", "security": "none"},
        }
        installation.environment.update(
            AIRFLOW_CONN_ALERTS_SMTP=json.dumps(mail),
            CCHC_CATALOG=str(CATALOG),
            CCHC_RECIPIENTS=str(YEAR_FOLDER / "recipients.yaml"),
        )

        def run(day):
            set_portal_clock(portal, day)
            now = datetime.combine(day + timedelta(days=1), time(7, 30), LOCAL)
            installation.environment["CCHC_NOW"] = now.isoformat()
            assert installation.run_day(day) == PORTAL_WELL

        for day in WEEK:
            crossings = installation.query(f"{ALERTS} and kind = 'missed'")
            assert crossings == ([] if day <= CONFIRMED else [CROSSING])
            assert mail_server.mails == []
            run(day)

        # A condition older than the warehouse is history: the overdue task of March is not notified.
        assert sorted(installation.query(ALERTS)) == [
            CROSSING,
            ("task_overdue", None, "H58.02", date(2024, 4, 1), WEEK[0], False),
        ]
        (letter,) = read_mails(mail_server.mails)
        assert list(letter.list_items()) == [("lanh-dao", "opened", "II.1.b-1", "H58")]
        assert letter.day == WEEK[-1] + timedelta(days=1)
        assert "– UBND thành phố Mỹ Tho: −" in letter.text  # the agency that caused it
        run(WEEK[-1])
        assert len(mail_server.mails) == 1  # a repeated run sends nothing


CROSSING = ("missed", "II.1.b-1", "H58", date(2024, 4, 23), CONFIRMED, True)
