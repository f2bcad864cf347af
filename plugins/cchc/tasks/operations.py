"""What operators are told: a run that failed, a night that is late.

Airflow logs what its callbacks raise and lets the outcome stand: none of them can make a failure worse.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

import psycopg
from airflow.sdk import Context
from airflow.sdk.log import redact  # type: ignore[attr-defined]  # told there, not re-exported

from cchc.alerts.detection.late_runs import check_nights
from cchc.alerts.ledger import Alerting, Ledger, NewAlert
from cchc.alerts.model import OperatorFacts, Told, name_alert
from cchc.alerts.notification.channels.channel import ChannelDownError, Message, RefusedError, UndeliveredError
from cchc.alerts.notification.channels.directory import open_channels
from cchc.calendar import DateRange, newest_complete_day
from cchc.presentation.formats_vi import format_day
from cchc.settings import read_now, read_settings
from cchc.tasks.alerts import deliver_alerts, read_access, read_alerting
from cchc.tasks.context import RunRefusedError, check_parameters, find_days, read_login
from cchc.warehouse.connection import connect

log = logging.getLogger(__name__)

# Heading of the page in docs/runbook.md.
FAILED_RUN = "A run failed"
LONGEST_ERROR = 200

# Airflow ends a task's process 20 s after the task, with whatever callback is still at work.
CONNECT_SECONDS = 5


@dataclass(frozen=True)
class Failure:
    """A failed run of a DAG. ``day``: the night that it was for, of several the last."""

    dag_id: str
    day: date
    facts: OperatorFacts


def run_alerts() -> None:
    """``check_and_deliver`` as a DAG's task: the DAG is for no day, and takes no parameter that seems to name one."""
    check_parameters()
    check_and_deliver()


def check_and_deliver() -> None:
    """Look for late nights, then send what is due; the second also when the first fails."""
    try:
        with connect(read_login()) as connection:
            late = check_nights(connection, read_alerting(), read_now())
        if late:
            log.warning("nights %s to %s were not ready by their hour", late.first, late.last)
    finally:
        deliver_alerts()


def tell_failure(context: Context) -> None:
    """Open the operators' alert for a failed run: callback of a task that failed, and of the run itself.

    One for a DAG until it runs well again, however many of its tasks fail and however often; beside it one for all the
    older days that are run again, so that none of these hides the failure of tonight. Failures of days that are
    history are no news, and a run that was refused, or ended at the keyboard, is known to whoever began it. Without a
    warehouse to note it in it is sent at once, as best it can; a mistake in the recipients' file keeps it only from
    the entry that has it.
    """
    if isinstance(context.get("exception"), KeyboardInterrupt):
        return
    alerting, now, failure = read_alerting(), read_now(), _describe_failure(context)
    newest = newest_complete_day(now)
    if failure is None or (newest - failure.day).days > alerting.rules.history_days:
        return
    try:
        with connect(read_login(), connect_timeout=CONNECT_SECONDS) as connection, connection.transaction():
            _open_failure(Ledger(connection, alerting, now), failure, newest)
    except psycopg.Error as error:
        log.warning("the failure can't be noted in the warehouse: %s", error)
        _send_directly(alerting, failure, error, now)


def settle_failure(context: Context) -> None:
    """End the alerts of a DAG's failures: callback of a run that went well, for the same day or a later one."""
    try:
        dag_id, day = context["dag"].dag_id, find_days(context).last
    except RunRefusedError:
        return
    with connect(read_login(), connect_timeout=CONNECT_SECONDS) as connection, connection.transaction():
        ledger = Ledger(connection, read_alerting(), read_now())
        for alert in ledger.read_open(["run_failed"]):
            if alert.subject in (dag_id, _name_older_days(dag_id)) and alert.began_on <= day:
                ledger.end(alert, "recovered", day, day)


def _open_failure(ledger: Ledger, failure: Failure, newest: date) -> None:
    """Open the alert of the DAG, or that of its older days: what is open for an earlier day covers an older one."""
    subject = failure.dag_id
    if failure.day < newest:
        known = [alert for alert in ledger.read_open(["run_failed"]) if alert.subject == subject]
        if any(alert.began_on <= failure.day for alert in known):
            return
        subject = _name_older_days(failure.dag_id)
    ledger.open(NewAlert("run_failed", subject, failure.day, failure.day, failure.facts))


def _name_older_days(dag_id: str) -> str:
    """The subject of the alert for days that a DAG runs again."""
    return f"{dag_id}, older days"


def _describe_failure(context: Context) -> Failure | None:
    """What is told of a failed run; None: it was refused, which who began it by hand reads in its log.

    Nobody reads that of a run that the schedule began: its refusal is a failure of the newest night.
    """
    try:
        days = find_days(context)
    except RunRefusedError:
        run = context.get("dag_run")
        if run is None or run.run_type == "manual":
            return None
        newest = newest_complete_day(read_now())
        days = DateRange.inclusive(newest, newest)
    dag_id, ti = context["dag"].dag_id, context.get("ti")
    told = (
        f"tác vụ {ti.task_id}: {_describe_error(context.get('exception'))}; nhật ký: {ti.log_url}"
        if ti
        else f"lần chạy {context['run_id']} không thành công"
    )
    nights = f"đêm {format_day(days.last)}"
    if days.start < days.last:
        nights = f"các đêm từ {format_day(days.start)} đến {format_day(days.last)}"
    facts = OperatorFacts(kind="run_failed", subject_vi=f"{dag_id}, {nights}", told=told, runbook=FAILED_RUN)
    return Failure(dag_id, days.last, facts)


def _describe_error(error: BaseException | str | None) -> str:
    """The first line of an error, without the secrets that Airflow knows; a killed process leaves none."""
    if error is None:
        return "bị ngắt, không để lại lỗi"
    name = f"{type(error).__name__}: " if isinstance(error, BaseException) else ""
    first, *_ = str(error).strip().splitlines() or [""]
    return str(redact(f"{name}{first}"))[:LONGEST_ERROR]


def _send_directly(alerting: Alerting, failure: Failure, why: Exception, now: datetime) -> None:
    """Send a failure past the outbox, once for a DAG and day as far as this machine's disk remembers."""
    marker = read_settings().home / "told_directly" / f"{failure.dag_id}.{failure.day}"
    if marker.exists():
        return
    alert_id = name_alert(alerting.province, "run_failed", failure.dag_id, failure.day)
    severity = alerting.rules.severity["run_failed"]
    told = Told(alert_id, "opened", "run_failed", severity, "operators", failure.day, failure.day, failure.facts)
    message = _write_directly(told, failure.facts, why, now)
    recipients = [recipient for recipient in alerting.recipients if recipient.wants(told)]
    channels = open_channels(recipients, read_access)
    for recipient in recipients:
        try:
            if recipient.route not in channels:
                raise ChannelDownError(f"the Airflow connection {recipient.route} is not set")
            channels[recipient.route].send(recipient, message)
        except (RefusedError, UndeliveredError) as error:
            log.warning("%s could not be told: %s", recipient.id, error)
        else:
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()


def _write_directly(told: Told, facts: OperatorFacts, why: Exception, now: datetime) -> Message:
    """A message without a digest's frame: how many alerts are open, only the warehouse knows."""
    text = "\n".join(
        (
            f"Tác vụ hỏng: {facts.subject_vi}",
            f"Sự việc: {facts.told}",
            f"Không ghi được vào kho dữ liệu: {_describe_error(why)}",
            f"Cách xử lý: docs/runbook.md, mục “{facts.runbook}”",
            "Tin này được gửi thẳng, mỗi đêm một lần cho mỗi DAG, và không xác nhận được bằng make ack.",
        )
    )
    return Message(
        message_id=told.alert_id,
        is_urgent=True,
        subject="[CCHC vận hành][KHẨN] Tác vụ hỏng, không ghi được vào kho dữ liệu",
        body_text=text,
        body_html=f"<pre>{escape(text)}</pre>",
        composed_at=now,
    )
