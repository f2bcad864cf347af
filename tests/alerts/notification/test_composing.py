"""What a recipient is due to be told becomes one message, however often and by however many it is composed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cchc.alerts.model import OperatorFacts, Told
from cchc.alerts.notification.outbox import compose_due
from cchc.alerts.notification.rendering import Content
from cchc.alerts.recipients import Recipient
from tests.alerts.messages import LEADER, OPERATOR, name_recipient, write_cell
from tests.alerts.outbox import NIGHT, Outbox, await_lock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AGENCY = name_recipient()
OTHER = name_recipient(id="so-noi-vu", address="so-noi-vu@tinh.example.invalid")


def test_notices_of_a_recipient_become_one_message(outbox: Outbox) -> None:
    for recipient in (AGENCY, OTHER, AGENCY):
        outbox.add_notice(recipient)
    assert outbox.compose_due(AGENCY, OTHER) == 2
    assert [(name, len(told), is_urgent) for name, told, is_urgent in outbox.composed] == [
        ("so-y-te", 2, False),
        ("so-noi-vu", 1, False),
    ]
    assert outbox.rows("recipient, is_urgent, subject, body_text, body_html, status, tries, next_try_at") == [
        ("so-noi-vu", False, "1 cảnh báo", "Nội dung", "<p>Nội dung</p>", "waiting", 0, NIGHT),
        ("so-y-te", False, "2 cảnh báo", "Nội dung", "<p>Nội dung</p>", "waiting", 0, NIGHT),
    ]
    told = outbox.warehouse.query("select count(*), count(distinct message_id) from ops.notification")
    assert told == [(3, 2)]


def test_urgent_and_audiences_are_told_apart(outbox: Outbox) -> None:
    late = OperatorFacts(kind="source_late", subject_vi="Kho bạc", told="chưa có số liệu", runbook="Nguồn trễ")
    outbox.add_notice(OPERATOR, opened_facts=late)
    outbox.add_notice(OPERATOR, opened_facts=late, is_urgent=True)
    outbox.add_notice(AGENCY)
    assert outbox.compose_due(OPERATOR, AGENCY) == 3
    assert [(told[0].audience, is_urgent) for _, told, is_urgent in outbox.composed] == [
        ("operators", False),
        ("operators", True),
        ("performance", False),
    ]


def test_what_a_recipient_is_not_to_know_any_more_is_dropped(outbox: Outbox) -> None:
    outbox.add_notice(AGENCY, opened_facts=write_cell("H58.16"))
    outbox.add_notice(AGENCY, opened_facts=write_cell("H58.31"))
    assert outbox.compose_due(AGENCY) == 1
    assert "H58.31" not in repr(outbox.composed)
    assert outbox.warehouse.query("select count(*) from ops.notification") == [(1,)]
    outbox.add_notice(AGENCY)
    assert outbox.compose_due(AGENCY.model_copy(update={"audience": "operators"})) == 0


def test_notice_is_composed_once_and_not_before_it_is_due(outbox: Outbox) -> None:
    outbox.add_notice(AGENCY, NIGHT + HOUR)
    counts = [outbox.compose_due(AGENCY, now=NIGHT + wait) for wait in (HOUR - MINUTE, HOUR, 2 * HOUR)]
    assert counts == [0, 1, 0]


def test_message_says_what_was_known_at_its_step(outbox: Outbox) -> None:
    opened = write_cell("H58.16")
    later = opened.model_copy(update={"value": Decimal(60)})
    outbox.add_notice(AGENCY, opened_facts=opened)
    outbox.add_notice(AGENCY, opened_facts=opened, step="resolved", facts=later, as_of_date="2024-12-30")
    outbox.add_notice(AGENCY, opened_facts=opened, step="escalated")
    outbox.compose_due(AGENCY)
    told = outbox.composed[0][1]
    assert [(item.step, item.facts, item.opened_facts, str(item.as_of_date)) for item in told] == [
        ("opened", opened, None, "2024-12-29"),
        ("resolved", later, opened, "2024-12-30"),
        ("escalated", opened, opened, "2024-12-29"),
    ]


def test_parts_of_other_agencies_are_not_composed_for_an_agency(outbox: Outbox) -> None:
    facts = write_cell("H58.16", contributions=("H58.16", "H58.31"))
    for recipient in (LEADER, AGENCY):
        outbox.add_notice(recipient, opened_facts=facts, step="resolved", facts=facts)
    outbox.compose_due(LEADER, AGENCY)
    leaders, agencys = (told[0] for _, told, _ in outbox.composed)
    assert (leaders.facts, leaders.opened_facts) == (facts, facts)
    assert "H58.31" not in repr(agencys)


def test_notices_wait_for_a_recipient_who_is_not_in_the_file(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    outbox.add_notice(AGENCY)
    outbox.add_notice(OTHER)
    assert outbox.compose_due(OTHER) == 1
    assert "1 notices wait for recipient so-y-te" in caplog.text
    assert outbox.compose_due(AGENCY) == 1


def test_message_that_cannot_be_written_waits_and_stops_no_other(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.add_notice(AGENCY)
    outbox.add_notice(OTHER)

    def fail_first(recipient: Recipient, told: list[Told], is_urgent: bool) -> Content:
        if recipient == AGENCY:
            raise LookupError("no such template")
        return outbox.compose(recipient, told, is_urgent)

    assert compose_due(outbox.connection, [AGENCY, OTHER], NIGHT, fail_first) == 1
    assert outbox.rows("recipient") == [("so-noi-vu",)]
    assert "the message for so-y-te of 1 notices can't be written" in caplog.text
    assert outbox.compose_due(AGENCY, OTHER) == 1


def test_two_who_compose_at_once_compose_each_notice_once(outbox: Outbox) -> None:
    outbox.add_notice(AGENCY)
    with psycopg.connect(outbox.warehouse.url(), autocommit=True) as second, ThreadPoolExecutor(1) as pool:
        started: list[Any] = []

        def compose_beside(recipient: Recipient, told: list[Told], is_urgent: bool) -> Content:
            started.append(pool.submit(compose_due, second, [AGENCY], NIGHT, outbox.compose))
            await_lock(outbox.warehouse)
            return outbox.compose(recipient, told, is_urgent)

        assert compose_due(outbox.connection, [AGENCY], NIGHT, compose_beside) == 1
        assert started[0].result() == 0
    assert len(outbox.composed) == 1
