"""The stage of the year: a fresh warehouse, a mail server and a receiver of webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from cchc.alerts.lifecycle import Alerting
from cchc.alerts.notification.channels.channel import Access
from cchc.alerts.notification.channels.directory import open_channels
from cchc.alerts.recipients import load_recipients
from cchc.alerts.rules import load_rules
from cchc.catalog.holidays import read_working_days
from cchc.local.embedded import Database
from cchc.settings import ALERT_RULES
from simulator.agencies import ROOT_CODE
from tests.alerts.smtp_server import MailServer, serve_mail
from tests.alerts.year.deliveries import Delivery, read_mails, read_posts
from tests.alerts.year.scenario import CATALOG, YEAR_FOLDER, Scenario
from tests.alerts.year.warehouse import YearWarehouse
from tests.conftest import COPY_DATABASE, TEMPLATE, run_as_superuser
from tests.sources.scripted_server import Answer, Script, serve_script

MAIL_ROUTE = "alerts_smtp"


@dataclass(frozen=True)
class Stage:
    """The servers of the year. ``url``: of its database, as the loader."""

    url: str
    year: YearWarehouse
    mail_server: MailServer
    receiver: Script

    def list_deliveries(self) -> list[Delivery]:
        """Every message that a recipient got, with repeats."""
        return read_mails(self.mail_server.mails) + read_posts(self.receiver)

    def count_undelivered(self) -> int:
        """The number of notifications in no message and of messages that weren't sent."""
        row = self.year.connection.execute(
            "select (select count(*) from ops.notification where message_id is null)"
            " + (select count(*) from ops.message where status <> 'sent')"
        ).fetchone()
        assert row
        count: int = row[0]
        return count


@contextmanager
def open_stage(cluster: Database, name: str, scenario: Scenario) -> Iterator[Stage]:
    """An empty stage, until the block ends. ``name``: of its database."""
    run_as_superuser(cluster, COPY_DATABASE, name, TEMPLATE, "cchc_owner")
    url = cluster.url("cchc_loader", name)
    with ExitStack() as stack:
        stack.callback(run_as_superuser, cluster, "DROP DATABASE {} WITH (FORCE)", name)
        mail_server = stack.enter_context(serve_mail("none"))
        receiver = stack.enter_context(serve_script())
        receiver.answers = [Answer(200)]
        recipients = load_recipients(YEAR_FOLDER / "recipients.yaml")
        access = {
            MAIL_ROUTE: Access(
                "127.0.0.1", mail_server.port, extra={"sender": "cchc@tinh.example.invalid", "security": "none"}
            ),
            "alerts_van_hanh": Access(receiver.base_url, password="the-receivers-secret"),
        }
        alerting = Alerting(ROOT_CODE, load_rules(ALERT_RULES), recipients, read_working_days(CATALOG))
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        year = YearWarehouse(connection, scenario, alerting, open_channels(recipients, access.get))
        year.prepare()
        yield Stage(url, year, mail_server, receiver)
