"""compose_due: the due notifications of a recipient become one message, for any number of calls and sessions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cchc.alerts.model import AlertEvent, OperatorFacts
from cchc.alerts.notification.outbox import compose_due
from cchc.alerts.notification.rendering import Content
from cchc.alerts.recipients import Recipient
from tests.alerts.messages import LEADER, OPERATOR, make_facts, make_recipient_of_agency
from tests.alerts.outbox import EVENING, Outbox, await_lock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AGENCY = make_recipient_of_agency()
OTHER = make_recipient_of_agency(id="so-noi-vu", address="so-noi-vu@tinh.example.invalid")


def test_notifications_of_a_recipient_become_one_message(outbox: Outbox) -> None:
    for recipient in (AGENCY, OTHER, AGENCY):
        outbox.add_notification(recipient)
    assert outbox.compose_due(AGENCY, OTHER) == 2
    assert [(name, len(events), is_urgent) for name, events, is_urgent in outbox.composed] == [
        ("so-y-te", 2, False),
        ("so-noi-vu", 1, False),
    ]
    assert outbox.rows("recipient, is_urgent, subject, body_text, body_html, status, tries, next_try_at") == [
        ("so-noi-vu", False, "1 cảnh báo", "Nội dung", "<p>Nội dung</p>", "waiting", 0, EVENING),
        ("so-y-te", False, "2 cảnh báo", "Nội dung", "<p>Nội dung</p>", "waiting", 0, EVENING),
    ]
    counts = outbox.warehouse.query("select count(*), count(distinct message_id) from ops.notification")
    assert counts == [(3, 2)]


def test_urgency_and_audience_have_messages_of_their_own(outbox: Outbox) -> None:
    late = OperatorFacts(kind="source_late", subject_vi="Kho bạc", details_vi="chưa có số liệu", runbook="Nguồn trễ")
    outbox.add_notification(OPERATOR, opened_facts=late)
    outbox.add_notification(OPERATOR, opened_facts=late, is_urgent=True)
    outbox.add_notification(AGENCY)
    assert outbox.compose_due(OPERATOR, AGENCY) == 3
    assert [(events[0].audience, is_urgent) for _, events, is_urgent in outbox.composed] == [
        ("operators", False),
        ("operators", True),
        ("performance", False),
    ]


def test_notification_that_no_longer_concerns_its_recipient_is_deleted(outbox: Outbox) -> None:
    outbox.add_notification(AGENCY, opened_facts=make_facts("H58.16"))
    outbox.add_notification(AGENCY, opened_facts=make_facts("H58.31"))
    assert outbox.compose_due(AGENCY) == 1
    assert "H58.31" not in repr(outbox.composed)
    assert outbox.warehouse.query("select count(*) from ops.notification") == [(1,)]
    outbox.add_notification(AGENCY)
    assert outbox.compose_due(AGENCY.model_copy(update={"audience": "operators"})) == 0


def test_notification_is_composed_once_and_not_before_it_is_due(outbox: Outbox) -> None:
    outbox.add_notification(AGENCY, EVENING + HOUR)
    counts = [outbox.compose_due(AGENCY, now=EVENING + wait) for wait in (HOUR - MINUTE, HOUR, 2 * HOUR)]
    assert counts == [0, 1, 0]


def test_message_has_the_facts_known_at_its_step(outbox: Outbox) -> None:
    opened = make_facts("H58.16")
    later = opened.model_copy(update={"value": Decimal(60)})
    outbox.add_notification(AGENCY, opened_facts=opened)
    outbox.add_notification(AGENCY, opened_facts=opened, step="resolved", facts=later, as_of_date="2024-12-30")
    outbox.add_notification(AGENCY, opened_facts=opened, step="escalated")
    outbox.compose_due(AGENCY)
    events = outbox.composed[0][1]
    assert [(event.step, event.facts, event.opened_facts, str(event.as_of_date)) for event in events] == [
        ("opened", opened, None, "2024-12-29"),
        ("resolved", later, opened, "2024-12-30"),
        ("escalated", opened, opened, "2024-12-29"),
    ]


def test_contributions_of_other_agencies_are_not_composed_for_an_agency(outbox: Outbox) -> None:
    facts = make_facts("H58.16", contributions=("H58.16", "H58.31"))
    for recipient in (LEADER, AGENCY):
        outbox.add_notification(recipient, opened_facts=facts, step="resolved", facts=facts)
    outbox.compose_due(LEADER, AGENCY)
    leaders, agencys = (events[0] for _, events, _ in outbox.composed)
    assert (leaders.facts, leaders.opened_facts) == (facts, facts)
    assert "H58.31" not in repr(agencys)


def test_notifications_wait_for_a_recipient_outside_the_file(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    outbox.add_notification(AGENCY)
    outbox.add_notification(OTHER)
    assert outbox.compose_due(OTHER) == 1
    assert "1 notifications wait for recipient so-y-te" in caplog.text
    assert outbox.compose_due(AGENCY) == 1


def test_message_that_cannot_be_written_waits_and_stops_no_other(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.add_notification(AGENCY)
    outbox.add_notification(OTHER)

    def fail_first(recipient: Recipient, events: list[AlertEvent], is_urgent: bool) -> Content:
        if recipient == AGENCY:
            raise LookupError("no such template")
        return outbox.compose(recipient, events, is_urgent)

    assert compose_due(outbox.connection, [AGENCY, OTHER], EVENING, fail_first) == 1
    assert outbox.rows("recipient") == [("so-noi-vu",)]
    assert "the message for so-y-te of 1 notifications can't be written" in caplog.text
    assert outbox.compose_due(AGENCY, OTHER) == 1


def test_two_sessions_at_once_compose_each_notification_once(outbox: Outbox) -> None:
    outbox.add_notification(AGENCY)
    with psycopg.connect(outbox.warehouse.url(), autocommit=True) as second, ThreadPoolExecutor(1) as pool:
        started: list[Any] = []

        def compose_beside(recipient: Recipient, events: list[AlertEvent], is_urgent: bool) -> Content:
            started.append(pool.submit(compose_due, second, [AGENCY], EVENING, outbox.compose))
            await_lock(outbox.warehouse)
            return outbox.compose(recipient, events, is_urgent)

        assert compose_due(outbox.connection, [AGENCY], EVENING, compose_beside) == 1
        assert started[0].result() == 0
    assert len(outbox.composed) == 1
