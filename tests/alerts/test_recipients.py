"""Recipients: who wants which events and when, the contributions they may see, and mistakes of the file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cchc.alerts.model import AlertEvent, IndicatorFacts, OperatorFacts, TaskFacts
from cchc.alerts.recipients import Recipient, load_recipients, read_recipients, strip_foreign
from cchc.calendar import LOCAL, WorkingDays
from cchc.mistake import CatalogError
from cchc.settings import INCLUDE
from tests.alerts.messages import LEADER, OPERATOR, make_facts, make_recipient_of_agency

SHIPPED = INCLUDE / "alerts" / "recipients.yaml"
AGENCY = make_recipient_of_agency()
# Monday 30 December 2024; 1 January is a day off, Saturday 4 January is worked instead.
CALENDAR = WorkingDays(frozenset({2025}), frozenset({date(2025, 1, 1)}), frozenset({date(2025, 1, 4)}))


TASK = TaskFacts(
    kind="task_overdue",
    task_code="PL.I.1",
    content_vi="Ban hành kế hoạch",
    agency_code="H58.16",
    agency_name_vi="Sở Y tế",
    due_on=date(2024, 12, 15),
    status="overdue",
)
LATE_SOURCE = OperatorFacts(kind="source_late", subject_vi="Kho bạc", details_vi="chưa có số liệu", runbook="Nguồn trễ")


def make_event(facts: Any = None, **fields: Any) -> AlertEvent:
    facts = facts or make_facts()
    event = AlertEvent(
        UUID(int=1),
        "opened",
        facts.kind,
        "warning",
        "operators" if isinstance(facts, OperatorFacts) else "performance",
        date(2024, 12, 29),
        date(2024, 12, 30),
        facts,
    )
    return replace(event, **fields)


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), LOCAL)  # noqa: DTZ007 - only its time


# Who wants which events


@pytest.mark.parametrize(
    ("recipient", "agency", "expected"),
    [
        (make_recipient_of_agency(agencies=["H58"]), "H58", True),
        (make_recipient_of_agency(agencies=["H58"]), "H58.16", False),
        (LEADER, "H58", True),
        (LEADER, "H58.16", True),
        (LEADER, "H58.31.P03", True),
        (LEADER, "H581.16", False),
        (make_recipient_of_agency(agencies=["H58.3"], with_below=True), "H58.31", False),
        (make_recipient_of_agency(agencies=["H58.16", "H58.31"]), "H58.31", True),
        (make_recipient_of_agency(agencies=["H58.16", "H58.31"]), "H58.31.P03", False),
    ],
)
def test_agency_codes_choose_the_results(recipient: Recipient, agency: str, expected: bool) -> None:
    assert recipient.wants(make_event(make_facts(agency))) is expected
    assert recipient.wants(make_event(TASK.model_copy(update={"agency_code": agency}))) is expected


@pytest.mark.parametrize(
    ("indicators", "expected"),
    [
        ([], True),
        (["II.1.b-1"], True),
        (["II.1.b-10"], False),
        (["II.1*"], True),
        (["II.1.b"], False),
        (["II.7*"], False),
    ],
)
def test_indicators_are_chosen_by_code_or_by_its_beginning(indicators: list[str], expected: bool) -> None:
    assert make_recipient_of_agency(indicators=indicators).wants(make_event(make_facts())) is expected


def test_choice_of_indicators_leaves_tasks_alone() -> None:
    assert make_recipient_of_agency(indicators=["II.7*"]).wants(make_event(TASK))


@pytest.mark.parametrize(("kinds", "expected"), [([], True), (["missed", "drop"], True), (["drop"], False)])
def test_kinds_are_chosen_by_name(kinds: list[str], expected: bool) -> None:
    assert make_recipient_of_agency(kinds=kinds).wants(make_event()) is expected


@pytest.mark.parametrize(("least", "expected"), [("info", True), ("warning", True), ("urgent", False)])
def test_event_below_the_least_severity_is_unwanted(least: str, expected: bool) -> None:
    assert make_recipient_of_agency(least_severity=least).wants(make_event(severity="warning")) is expected


@pytest.mark.parametrize(("gets_escalations", "expected"), [(True, True), (False, False)])
def test_escalation_goes_to_those_who_get_them_whatever_its_severity(gets_escalations: bool, expected: bool) -> None:
    recipient = make_recipient_of_agency(gets_escalations=gets_escalations, least_severity="urgent")
    assert recipient.wants(make_event(step="escalated")) is expected


def test_audiences_are_never_mixed() -> None:
    assert OPERATOR.wants(make_event(LATE_SOURCE))
    assert OPERATOR.wants(make_event(audience="operators"))
    assert not OPERATOR.wants(make_event())
    assert not LEADER.wants(make_event(LATE_SOURCE))


# When


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(date(2024, 12, 30), "06:10"), at(date(2024, 12, 30), "07:00")),
        (at(date(2024, 12, 30), "07:00"), at(date(2024, 12, 30), "07:00")),
        (at(date(2024, 12, 30), "07:01"), at(date(2024, 12, 31), "07:00")),
        (at(date(2024, 12, 31), "07:01"), at(date(2025, 1, 2), "07:00")),
        (at(date(2025, 1, 3), "12:00"), at(date(2025, 1, 4), "07:00")),
        (at(date(2025, 1, 4), "12:00"), at(date(2025, 1, 6), "07:00")),
        (datetime.fromisoformat("2024-12-29T23:30:00+00:00"), at(date(2024, 12, 30), "07:00")),
    ],
)
def test_digest_is_due_on_the_next_working_day_at_its_hour(now: datetime, expected: datetime) -> None:
    assert AGENCY.choose_due(is_urgent=False, now=now, working_days=CALENDAR) == expected


def test_digest_of_every_day_is_due_on_holidays_too() -> None:
    recipient = make_recipient_of_agency(working_days_only=False, digest_at="18:30")
    now = at(date(2024, 12, 31), "19:00")
    assert recipient.choose_due(False, now, CALENDAR) == at(date(2025, 1, 1), "18:30")


def test_urgent_is_due_at_once() -> None:
    late_hour = at(date(2025, 1, 1), "02:00")
    assert make_recipient_of_agency(quiet_hours="21:00-06:00").choose_due(True, late_hour, CALENDAR) == late_hour


@pytest.mark.parametrize(
    ("span", "quiet", "loud"),
    [
        ("21:00-06:00", ["21:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "20:59"]),
        ("12:00-13:30", ["12:00", "13:29"], ["11:59", "13:30", "00:00"]),
    ],
)
def test_quiet_hours_may_go_over_midnight(span: str, quiet: list[str], loud: list[str]) -> None:
    recipient = make_recipient_of_agency(quiet_hours=span)
    found = {clock: recipient.is_quiet(at(date(2024, 12, 30), clock) + timedelta(seconds=1)) for clock in quiet + loud}
    assert found == dict.fromkeys(quiet, True) | dict.fromkeys(loud, False)


# Which contributions


def count_contributions(event: AlertEvent) -> list[int]:
    facts = [event.facts, event.opened_facts]
    return [len(known.change.contributions) for known in facts if isinstance(known, IndicatorFacts) and known.change]


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        (LEADER, [2, 1]),
        (make_recipient_of_agency(agencies=["H58"]), [0, 0]),
        (make_recipient_of_agency(agencies=["H58.16", "H58.31"], with_below=True), [0, 0]),
        (make_recipient_of_agency(audience="operators", agencies=[]), [0, 0]),
    ],
)
def test_contributions_are_for_recipients_of_the_whole_province(recipient: Recipient, expected: list[int]) -> None:
    event = make_event(
        make_facts("H58", contributions=("H58.16", None)), opened_facts=make_facts("H58", contributions=("H58.31",))
    )
    assert count_contributions(strip_foreign(event, recipient)) == expected


def test_contribution_of_another_province_is_for_nobody() -> None:
    assert count_contributions(
        strip_foreign(make_event(make_facts("H58", contributions=("H58.16", "H20.16"))), LEADER)
    ) == [0]


def test_stripping_changes_nothing_else() -> None:
    event = make_event(make_facts("H58", contributions=("H58.16",)))
    kept = strip_foreign(event, AGENCY)
    assert replace(kept, facts=event.facts) == event
    assert strip_foreign(make_event(TASK), AGENCY) == make_event(TASK)


# The file


def load(folder: Path, text: str) -> tuple[Recipient, ...]:
    path = folder / "recipients.yaml"
    path.write_text(text, encoding="utf-8")
    return load_recipients(path)


def test_shipped_file_has_no_recipients() -> None:
    assert load_recipients(SHIPPED) == ()


def test_examples_of_the_shipped_file_hold(tmp_path: Path) -> None:
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    begin = lines.index("# recipients:")
    examples = [line[2:] for line in lines[begin:] if line.startswith("#")]
    loaded = load(tmp_path, "\n".join(examples))
    assert [recipient.route for recipient in loaded] == ["alerts_smtp", "alerts_so_y_te", "alerts_van_hanh"]


GOOD = """
recipients:
  - id: so-y-te
    name_vi: Sở Y tế
    audience: performance
    channel: email
    address: so-y-te@example.invalid
    agencies: [H58.16]
"""
MISTAKES = [
    ("id: so-y-te", "id: Sở Y tế",
     'recipient Sở Y tế, field id: "Sở Y tế" is no id, write it in small letters a-z, digits and -'),
    ("    name_vi: Sở Y tế\n", "", "recipient so-y-te, field name_vi: is missing, add it"),
    ("audience: performance", "audience: all",
     'recipient so-y-te, field audience: "all" is not one of performance, operators'),
    ("channel: email", "channel: fax",
     'recipient so-y-te, field channel: "fax" is not one of email, webhook, apprise'),
    ("    address: so-y-te@example.invalid\n", "", "recipient so-y-te, field address: is missing, add it"),
    ("channel: email", "channel: webhook",
     'recipient so-y-te, field address: "so-y-te@example.invalid" goes with channel email only, take it out'),
    ("channel: email", "channel: webhook", "recipient so-y-te, field connection: is missing, add it"),
    ("agencies: [H58.16]", "agencies: [H58.16]\n    connection: alerts_x",
     'recipient so-y-te, field connection: "alerts_x" goes with channel webhook or apprise only, take it out'),
    ("    agencies: [H58.16]\n", "", "recipient so-y-te, field agencies: is missing, add it"),
    ("[H58.16]", "[sở y tế]",
     'recipient so-y-te, field agencies[0]: "sở y tế" is no code of an agency, write it as H58.31: capitals, '),
    ("[H58.16]", "[H58.16]\n    kinds: [missed, red]",
     'recipient so-y-te, field kinds[1]: "red" is not one of missed, behind, drop, '),
    ("[H58.16]", "[H58.16]\n    digest_at: 7",
     'recipient so-y-te, field digest_at: "7" is no time of day, write it as "07:00"'),
    ("[H58.16]", "[H58.16]\n    digest_at: 24:00",
     'recipient so-y-te, field digest_at: "24:00" is no time of day, write it as "07:00"'),
    ("[H58.16]", "[H58.16]\n    quiet_hours: 21-6",
     'recipient so-y-te, field quiet_hours: "21-6" is no span of hours, write it as "21:00-06:00"'),
    ("[H58.16]", "[H58.16]\n    quiet_hours: 21:00-21:00",
     'recipient so-y-te, field quiet_hours: "21:00-21:00" is no span of hours, write it as "21:00-06:00"'),
    ("[H58.16]", "[H58.16]\n    quiet_hours: 21:00-07:30",
     "holds the hour of the digest, digest_at: change one of them"),
    ("[H58.16]", "[H58.16]\n    working_days_only: yes",
     'recipient so-y-te, field working_days_only: "yes" is neither true nor false'),
    ("[H58.16]", "[H58.16]\n    phone: 0",
     "recipient so-y-te, field phone: is not a field of this entry, correct its name or take it out"),
    ("recipients:", "receivers: []\nrecipients:",
     "recipients.yaml, field receivers: is not a field of this entry, correct its name or take it out"),
    ("recipients:", "recipients: none\nothers:", 'recipients.yaml, field recipients: "none" is not a list'),
    ("recipients:\n", "recipients:\n  - text\n", 'field recipients[0]: "text" is no group of fields'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES)
def test_mistake_names_recipient_and_field(tmp_path: Path, old: str, new: str, expected: str) -> None:
    load(tmp_path, GOOD)
    with pytest.raises(CatalogError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "address", ["so-y-te", "a@b.vn, c@d.vn", "Sở <a@b.vn>", '"a@b.vn\\r\\nBcc: c@d.vn"', '"a@b.vn\\n"', "sở@b.vn"]
)
def test_address_is_one_bare_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(CatalogError, match="is no e-mail address, write it as"):
        load(tmp_path, GOOD.replace("so-y-te@example.invalid", address))


def test_all_mistakes_are_raised_at_once(tmp_path: Path) -> None:
    entry = GOOD.partition("recipients:\n")[2]
    broken = [entry.replace("performance", "all"), entry.replace("H58.16", "58"), entry]
    with pytest.raises(CatalogError) as caught:
        load(tmp_path, "recipients:\n" + "".join(broken))
    assert [mistake.field for mistake in caught.value.mistakes] == ["audience", "agencies[0]"]


def test_id_names_one_recipient(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="recipient so-y-te, field id: is there 2 times, it names one recipient"):
        load(tmp_path, GOOD + GOOD.partition("recipients:\n")[2])


def test_missing_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="there is no such file"):
        load_recipients(tmp_path / "recipients.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, ["so-y-te"]),
        (GOOD.replace("performance", "all"), []),
        (
            GOOD + GOOD.partition("recipients:\n")[2].replace("so-y-te", "so-noi-vu").replace("H58.16", "58"),
            ["so-y-te"],
        ),
        (GOOD + GOOD.partition("recipients:\n")[2], ["so-y-te"]),
        ("recipients: none", []),
        ("recipients: [", []),
    ],
    ids=["all", "wrong", "one wrong", "one twice", "no list", "no YAML"],
)
def test_valid_entries_are_read_from_a_file_with_mistakes(tmp_path: Path, text: str, expected: list[str]) -> None:
    (tmp_path / "recipients.yaml").write_text(text, encoding="utf-8")
    assert [recipient.id for recipient in read_recipients(tmp_path / "recipients.yaml").good] == expected
