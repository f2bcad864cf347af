"""What a message says: its subject line, its plain text and its HTML, in Vietnamese.

The words are in include/alerts/wording_vi.yaml, the layouts beside it; here it is decided which of them are said. No
fact reaches the subject line, which is made of counts alone, and every text of a fact is cleaned on its way into a
sentence: names come from files that strangers fill in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cache

import jinja2

from cchc.alerts.model import SEVERITIES, Audience, CellFacts, Change, Needed, OperatorFacts, TaskFacts, Told
from cchc.alerts.notification.wording import Line, Wording, clean_text, fill, load_wording, name_code
from cchc.catalog.rows import PRIMARY
from cchc.presentation.formats_vi import (
    format_beside,
    format_day,
    format_exact,
    format_number,
    format_signed,
    format_target,
)
from cchc.settings import INCLUDE

FOLDER = INCLUDE / "alerts"

SHARE = "%"  # the unit whose differences are points
MOST_IN_FULL = 20  # of a section: on a task's due day two hundred agencies may be late at once
MOST_COUNTS = 3  # in a subject line, so that a phone shows it whole

# Steps after which the trouble is still there: people are told what it takes, and how to answer.
_ONGOING = {"opened", "reopened", "escalated"}


@dataclass(frozen=True)
class Content:
    """A message without its addresses: ``subject`` is one line."""

    subject: str
    body_text: str
    body_html: str


@dataclass(frozen=True)
class Entry:
    """One alert in a message."""

    title: str
    lines: tuple[Line, ...]


def compose(  # noqa: PLR0913 - a message is framed by this much
    told: Sequence[Told],
    *,
    audience: Audience,
    province_name_vi: str,
    day: date,
    open_count: int,
    acknowledged_count: int,
    is_urgent: bool,
) -> Content:
    """One message to one recipient about the night of ``day``; the order of ``told`` makes no difference.

    ``open_count``, ``acknowledged_count``: alerts that the recipient follows and nobody, or somebody, has answered.
    ValueError: nothing is told, or what is told is for other readers too; operators' alerts and performance never mix.
    """
    if not told or {one.audience for one in told} != {audience}:
        raise ValueError(f"a message to {audience} tells of alerts for {audience} alone, and of at least one")
    wording = load_wording(FOLDER / "wording_vi.yaml")
    sections = _sort_into_sections(told, wording)
    frame = wording.audiences[audience]
    entries = [(wording.sections[key], _describe_all(inside, wording)) for key, inside in sections.items()]
    context = {
        "heading": frame.heading,
        "opening": fill(frame.opening, province=province_name_vi, day=format_day(day)),
        "sections": entries,
        "legend": wording.legend if any(_has_contributions(one) for one in told) else "",
        "footer": [
            fill(wording.counts, open=open_count, acknowledged=acknowledged_count),
            *([wording.answer] if any(one.step in _ONGOING for one in told) else []),
            *frame.footer,
        ],
    }
    prefix = frame.prefix + (wording.urgent if is_urgent else "")
    counts = _count(sections, wording)
    return Content(
        subject=fill(wording.subject, prefix=prefix, counts=counts, day=format_day(day)),
        body_text=_open_templates().get_template("digest.txt.j2").render(context),
        body_html=_open_templates().get_template("digest.html.j2").render(context),
    )


def _sort_into_sections(told: Sequence[Told], wording: Wording) -> dict[str, list[Told]]:
    """What is told by section, in the wording's order; a section about which nothing is told isn't there."""
    sections: dict[str, list[Told]] = {key: [] for key in wording.sections}
    for one in sorted(told, key=_rank):
        sections[_find_section(one)].append(one)
    return {key: inside for key, inside in sections.items() if inside}


def _find_section(told: Told) -> str:
    if told.step == "opened":
        return told.kind
    if told.step != "resolved":
        return told.step
    if told.audience == "operators":
        return "mended"
    if isinstance(told.facts, TaskFacts):
        return "task_done"
    return "recovered"


def _rank(told: Told) -> tuple[object, ...]:
    """The gravest first; of cells the province before its agencies, in the plan's order; of tasks what is due first."""
    facts = told.facts
    grave = -SEVERITIES.index(told.severity)
    if isinstance(facts, CellFacts):
        place: tuple[object, ...] = (not facts.is_province, _order(facts.indicator_code), _order(facts.agency_code))
    elif isinstance(facts, TaskFacts):
        place = (facts.due_on, _order(facts.task_code), _order(facts.agency_code))
    else:
        place = (facts.subject_vi,)
    return grave, facts.about, *place, told.alert_id


def _order(code: str) -> list[str]:
    """By which II.2-1 comes before II.10-1."""
    return [part.zfill(9) if part.isdigit() else part for part in re.split(r"(\d+)", code)]


def _count(sections: dict[str, list[Told]], wording: Wording) -> str:
    counts = [
        fill(wording.sections[key].counted, alerts=len(inside), subjects=len({_name_subject(one) for one in inside}))
        for key, inside in sections.items()
    ]
    if len(counts) <= MOST_COUNTS:
        return ", ".join(counts)
    further = sum(len(inside) for inside in list(sections.values())[MOST_COUNTS:])
    return ", ".join([*counts[:MOST_COUNTS], fill(wording.further, alerts=further)])


def _name_subject(told: Told) -> str:
    """What is counted once, however many agencies and readings it is about."""
    facts = told.facts
    if isinstance(facts, CellFacts):
        return facts.indicator_code
    return facts.task_code if isinstance(facts, TaskFacts) else facts.subject_vi


def _has_contributions(told: Told) -> bool:
    return isinstance(told.facts, CellFacts) and bool(told.facts.change and told.facts.change.contributions)


def _describe_all(told: Sequence[Told], wording: Wording) -> list[Entry]:
    """The gravest in full; of a long section the others by name, agency and identifier."""
    return [_describe(one, wording) for one in told[:MOST_IN_FULL]] + [
        _describe_briefly(one, wording) for one in told[MOST_IN_FULL:]
    ]


def _describe_briefly(told: Told, wording: Wording) -> Entry:
    full = _describe(told, wording)
    kept = {wording.labels[label] for label in ("agency", "answer")}
    return Entry(full.title, tuple(line for line in full.lines if line.label in kept))


def _describe(told: Told, wording: Wording) -> Entry:
    facts = told.facts
    runbook = wording.runbook.get(told.kind, "")
    if isinstance(facts, CellFacts):
        sentence = "primary" if facts.variant == PRIMARY else "variant"
        title = wording.say(sentence, code=facts.indicator_code, name=facts.name_vi, variant=facts.variant)
        lines = [*_tell_cell(facts, wording), *_tell_progress(told, facts, wording)]
    elif isinstance(facts, TaskFacts):
        title = wording.say("task", code=facts.task_code, content=facts.content_vi)
        lines = list(_tell_task(told, facts, wording))
    else:
        title, runbook = clean_text(facts.subject_vi), facts.runbook
        lines = list(_tell_operation(facts, wording))
    if told.step != "opened":
        lines.append(_tell_origin(told, wording))
    if told.step in _ONGOING:
        lines += [wording.line("runbook", heading=runbook)] if runbook else []
        lines.append(wording.line("answer", alert=told.short_id))
    return Entry(title, tuple(lines))


def _tell_cell(facts: CellFacts, wording: Wording) -> Iterator[Line]:
    """Where the figure stands."""
    yield wording.line("agency", name=facts.agency_name_vi, code=facts.agency_code)
    yield wording.line("clause", clause=facts.clause)
    if facts.value is None:
        yield wording.line("result", "no_result")
    else:
        yield wording.line("result", value=_figure(facts, facts.value), day=format_day(facts.data_date))
    if facts.target is not None:
        target = f"{format_target(facts.comparator, facts.target)} {facts.unit_vi}"
        yield _compare(facts, "target", facts.target, target, wording)
    if facts.pace_target is not None:
        pace = _figure(facts, facts.pace_target)
        yield _compare(facts, "pace", facts.pace_target, pace, wording)
    if facts.reasons:
        day = format_day(facts.data_date)
        told = [name_code(wording.reasons, reason, day=day) for reason in facts.reasons]
        yield Line(wording.labels["reasons"], "; ".join(told))
    if facts.kind == "reconciliation":
        yield Line(wording.labels["flags"], "; ".join(name_code(wording.flags, flag) for flag in facts.flags))


def _compare(facts: CellFacts, label: str, line: Decimal, target: str, wording: Wording) -> Line:
    """How far the value is from a line; of a figure that nobody can judge only the line."""
    if facts.value is None or facts.reasons:
        return wording.line(label, "target", target=target)
    gap = facts.value - line
    sentence = "below" if gap < 0 else "above" if gap else "equal"
    return wording.line(label, sentence, target=target, gap=_difference(facts, abs(gap), wording))


def _figure(facts: CellFacts, value: Decimal) -> str:
    """A share with two decimals, more where it would else meet a line that it is judged by; a count as it is."""
    number = format_beside(value, facts.target, facts.pace_target) if facts.unit_vi == SHARE else format_exact(value)
    return f"{number} {facts.unit_vi}"


def _difference(facts: CellFacts, by: Decimal, wording: Wording) -> str:
    """Shares differ by points, counts by cases."""
    return f"{format_beside(by, Decimal(0))} {wording.points}" if facts.unit_vi == SHARE else _figure(facts, by)


def _tell_progress(told: Told, facts: CellFacts, wording: Wording) -> Iterator[Line]:
    """How it came there, and what it takes."""
    if facts.change and facts.value is not None:
        yield from _tell_change(facts, facts.value, facts.change, wording)
    if facts.needed and told.step in _ONGOING:
        yield Line(wording.labels["needed"], "; ".join(_tell_needed(facts, facts.needed, wording)))


def _tell_change(facts: CellFacts, value: Decimal, change: Change, wording: Wording) -> Iterator[Line]:
    by = value - change.value
    sentence = "fell" if by < 0 else "rose" if by else "unmoved"
    moved = _difference(facts, abs(by), wording)
    was = _figure(facts, change.value)
    yield wording.line("change", sentence, by=moved, day=format_day(change.since), value=was)
    if change.contributions:
        parts = [
            wording.say(
                "contribution",
                agency=one.agency_name_vi,
                total=format_signed(one.total),
                rate=format_signed(one.rate),
                mix=format_signed(one.mix),
            )
            for one in change.contributions
        ]
        yield Line(wording.labels["contributions"], "", tuple(parts))


def _tell_needed(facts: CellFacts, needed: Needed, wording: Wording) -> Iterator[str]:
    """Rounded so that nobody who does what is asked falls short: what is needed up, what was done down."""
    per_week = format_number(needed.per_week, rounding=ROUND_CEILING)
    unit = wording.points if facts.unit_vi == SHARE else facts.unit_vi
    yield wording.say("per_week", per_week=per_week, unit=unit, day=format_day(needed.by))
    if needed.so_far_per_week is not None:
        yield wording.say("so_far", per_week=format_number(needed.so_far_per_week, rounding=ROUND_FLOOR))
    if needed.rest_pct is not None and needed.rest_pct > 100:
        yield wording.say("out_of_reach")
    elif needed.rest_pct is not None:
        yield wording.say("rest", rest=format_number(needed.rest_pct, places=1, rounding=ROUND_CEILING))


def _tell_task(told: Told, facts: TaskFacts, wording: Wording) -> Iterator[Line]:
    yield wording.line("agency", name=facts.agency_name_vi, code=facts.agency_code)
    left = (facts.due_on - told.as_of_date).days
    urges = "overdue" if left < 0 else "due_soon" if left else "due_today"
    sentence = urges if told.step in _ONGOING else "due"
    yield wording.line("due", sentence, day=format_day(facts.due_on), days=abs(left))
    yield Line(wording.labels["status"], name_code(wording.statuses, facts.status))


def _tell_operation(facts: OperatorFacts, wording: Wording) -> Iterator[Line]:
    yield Line(wording.labels["told"], clean_text(facts.told))
    if facts.source:
        yield Line(wording.labels["source"], clean_text(facts.source))


def _tell_origin(told: Told, wording: Wording) -> Line:
    """What people were told of it first."""
    origin = wording.say("origin", kind=wording.kinds[told.kind], day=format_day(told.began_on))
    before = told.opened_facts
    if not isinstance(before, CellFacts) or before.value is None:
        return Line(wording.labels["origin"], origin)
    then = wording.say("origin_value", value=_figure(before, before.value))
    return Line(wording.labels["origin"], f"{origin}; {then}")


@cache
def _open_templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
