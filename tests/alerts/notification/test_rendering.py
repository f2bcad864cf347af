"""render_message: whole digests against golden/, and hostile facts.

After a change that is meant, rewrite golden/ and read the difference before it is committed:
PYTHONPATH=plugins:. python tests/alerts/notification/test_rendering.py

"""

from __future__ import annotations

import difflib
import re
import unicodedata
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from cchc.alerts.model import (
    AlertEvent,
    Audience,
    Change,
    Contribution,
    Facts,
    NotifiedStep,
    OperatorKind,
    RequiredRate,
    Step,
)
from cchc.alerts.notification.rendering import MAX_IN_FULL, Content
from cchc.alerts.notification.wording import load_wording
from cchc.alerts.rules import KINDS
from cchc.messages import MAX_VALUE_LENGTH
from cchc.presentation.labels import LABELS
from tests.alerts.alert_events import (
    DAY,
    DIFFERS,
    DIGESTS,
    DISBURSEMENT,
    INSPECTION,
    OPERATION,
    PAYMENT,
    PROCESSED,
    SILENT,
    UNKNOWN,
    change,
    make_event,
    write,
)

GOLDEN = Path(__file__).with_name("golden")


def render_golden(audience: Audience) -> dict[str, str]:
    content = write(*DIGESTS[audience], audience=audience)
    return {f"{audience}.txt": f"{content.subject}\n\n{content.body_text}", f"{audience}.html": content.body_html}


@pytest.mark.parametrize("audience", DIGESTS)
def test_digest_reads_as_the_golden_one(audience: Audience) -> None:
    for file, text in render_golden(audience).items():
        golden = (GOLDEN / file).read_text(encoding="utf-8")
        difference = difflib.unified_diff(golden.splitlines(), text.splitlines(), f"golden/{file}", "now", lineterm="")
        assert text == golden, "\n".join(difference)


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("audience", DIGESTS)
def test_text_and_page_have_the_same_words(audience: Audience) -> None:
    content = write(*DIGESTS[audience], audience=audience)
    page = re.sub(r"\s+", " ", Page(content.body_html).text).casefold()
    for line in content.body_text.splitlines():
        bare = re.sub(r"^(\s+– |\s*\d+\. |-+$|\s+)", "", line)
        for part in bare.split(": ", 1) if line.startswith("   ") else [bare]:
            assert part.strip().rstrip(":").casefold() in page


@pytest.mark.parametrize("audience", DIGESTS)
def test_page_fetches_nothing_and_names_its_language(audience: Audience) -> None:
    html = write(*DIGESTS[audience], audience=audience).body_html
    page = Page(html)
    assert not {"src", "href", "background", "srcset"} & page.attributes
    assert not {"script", "link", "img", "style", "iframe"} & set(page.tags)
    assert "url(" not in html
    assert '<html lang="vi">' in html


@pytest.mark.parametrize("audience", DIGESTS)
def test_order_of_events_makes_no_difference(audience: Audience) -> None:
    events = DIGESTS[audience]
    assert write(*events, audience=audience) == write(*reversed(events), audience=audience)


def test_every_step_of_every_kind_is_rendered() -> None:
    facts: dict[str, Facts] = {
        **{kind: change(PAYMENT, kind=kind) for kind in ("missed", "behind", "drop", "unknown", "reconciliation")},
        **{kind: INSPECTION.model_copy(update={"kind": kind}) for kind in ("task_overdue", "task_due_soon")},
        **{kind: OPERATION.model_copy(update={"kind": kind}) for kind in get_args(OperatorKind)},
    }
    assert set(facts) == set(KINDS)
    for step in get_args(NotifiedStep):
        for kind in KINDS:
            one = make_event(facts[kind], step, opened_facts=facts[kind])
            assert "1. " in write(one, audience=one.audience).body_text


# Subject


@pytest.mark.parametrize(
    ("events", "subject"),
    [
        ([make_event(PAYMENT)], "[CCHC] 1 chỉ tiêu tụt dưới mục tiêu – ngày 30/06/2024"),
        (
            [
                *(make_event(change(PAYMENT, indicator_code=f"II.{n}")) for n in range(3)),
                make_event(PAYMENT, "resolved"),
            ],
            "[CCHC] 3 chỉ tiêu tụt dưới mục tiêu, 1 phục hồi – ngày 30/06/2024",
        ),
        (
            [make_event(change(PAYMENT, agency_code=f"H58.{n}")) for n in range(30, 41)],
            "[CCHC] 1 chỉ tiêu tụt dưới mục tiêu – ngày 30/06/2024",
        ),
        (
            [
                *(make_event(facts) for facts in (PAYMENT, DISBURSEMENT, PROCESSED, UNKNOWN)),
                make_event(INSPECTION),
                make_event(SILENT),
                make_event(PAYMENT, "withdrawn"),
            ],
            (
                "[CCHC] 1 chỉ tiêu tụt dưới mục tiêu, 1 chỉ tiêu chậm tiến độ, 1 chỉ tiêu giảm bất thường, "
                "4 nội dung khác – ngày 30/06/2024"
            ),
        ),
    ],
)
def test_subject_counts_what_happened(events: list[AlertEvent], subject: str) -> None:
    assert write(*events).subject == subject


def test_subject_distinguishes_urgent_messages_and_operators() -> None:
    assert write(make_event(PAYMENT), is_urgent=True).subject.startswith("[CCHC][KHẨN] 1 chỉ tiêu")
    assert write(make_event(OPERATION), audience="operators").subject.startswith("[CCHC vận hành] 1 nguồn chậm")
    late = write(make_event(OPERATION), audience="operators", is_urgent=True)
    assert late.subject.startswith("[CCHC vận hành][KHẨN] 1 nguồn chậm")


# Values


@pytest.mark.parametrize(
    ("value", "comparator", "target", "expected"),
    [
        ("89.996", ">", "90", ["Kết quả: 89,996 %,", "Mục tiêu: > 90 %; kết quả thấp hơn 0,004 điểm"]),
        ("90.004", ">", "90", ["Kết quả: 90,004 %,", "Mục tiêu: > 90 %; kết quả cao hơn 0,004 điểm"]),
        ("90", ">", "90", ["Kết quả: 90,00 %,", "Mục tiêu: > 90 %; kết quả đúng bằng mức này"]),
        ("9.45", ">=", "9.5", ["Kết quả: 9,45 %,", "Mục tiêu: ≥ 9,5 %; kết quả thấp hơn 0,05 điểm"]),
    ],
)
def test_value_never_looks_like_the_target_it_misses(
    value: str, comparator: str, target: str, expected: list[str]
) -> None:
    facts = change(PAYMENT, value=Decimal(value), comparator=comparator, target=Decimal(target), change=None)
    text = write(make_event(facts)).body_text
    assert [words for words in expected if words not in text] == []


def test_value_never_looks_like_the_pace_it_misses() -> None:
    facts = change(DISBURSEMENT, value=Decimal("44.4999"))
    assert "Kết quả: 44,4999 %," in write(make_event(facts)).body_text


def test_value_that_cannot_be_judged_is_not_compared() -> None:
    text = write(make_event(UNKNOWN)).body_text
    assert "Mục tiêu: ≥ 45 %\n" in text
    assert "số liệu cũ (ngày 15/06/2024); số liệu tạm; chưa đủ đơn vị báo cáo" in text


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("57.21", "trong số còn lại phải đạt ít nhất 57,3 %"),
        ("100", "trong số còn lại phải đạt ít nhất 100,0 %"),
        ("100.01", "không còn đạt được trong năm"),
    ],
)
def test_required_rate_is_never_rounded_down(rest: str, expected: str) -> None:
    required = RequiredRate(
        by_date=date(2024, 12, 31),
        per_week=Decimal("0.411"),
        so_far_per_week=Decimal("0.319"),
        rest_pct=Decimal(rest),
    )
    text = write(make_event(change(PAYMENT, required_rate=required))).body_text
    assert f"cần 0,42 điểm mỗi tuần đến 31/12/2024; đến nay 0,31; {expected}\n" in text


@pytest.mark.parametrize("step", ["resolved", "withdrawn"])
def test_ended_alert_requires_nothing(step: Step) -> None:
    text = write(make_event(PAYMENT, step)).body_text
    assert "make ack" not in text
    assert "mỗi tuần" not in text


# Parts that are left out


def test_section_without_events_is_absent() -> None:
    wording = load_wording()
    content = write(make_event(PAYMENT))
    for key, title in wording.titles.items():
        assert (title.upper() in content.body_text) == (key == "missed")
        assert (wording.intros[key] in content.body_html) == (key == "missed")


def test_long_section_has_its_first_items_in_full_and_names_the_others() -> None:
    crowd = [make_event(change(PAYMENT, agency_code=f"H58.{number}", is_province=False)) for number in range(100, 150)]
    text = write(*crowd).body_text
    assert all(f"(H58.{number})" in text for number in range(100, 150))
    assert text.count("make ack ALERT=") == 50
    assert text.count("mục II.1.b của Kế hoạch") == MAX_IN_FULL


def test_rate_and_mix_are_explained_only_where_they_occur() -> None:
    assert "Do tỷ lệ:" in write(make_event(PAYMENT)).body_text
    assert "Do tỷ lệ:" not in write(make_event(DISBURSEMENT)).body_text


@pytest.mark.parametrize("audience", get_args(Audience))
def test_operators_and_performance_never_share_a_message(audience: Audience) -> None:
    with pytest.raises(ValueError, match=f"a message to {audience} holds alerts for {audience} alone"):
        write(make_event(PAYMENT), make_event(OPERATION), audience=audience)


def test_differing_sources_are_shown_to_operators_alone() -> None:
    assert "hai nguồn cho số khác nhau" in write(make_event(DIFFERS), audience="operators").body_text
    assert "hai nguồn cho số khác nhau" not in write(make_event(change(DIFFERS, kind="missed"))).body_text


def test_message_without_events_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        write()


# Hostile facts

HOSTILE = {
    "line ends": "Sở\r\nBcc: thu@example.org\r\n\r\nXem\u2028đây\u2029",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&",
    "bidi": "Sở \u202eụv iộN\u202c \u2066x\u2069 \u200f",
    "terminal": "Sở \x1b[2J\x1b]0;x\x07 \x9b31m \x00 \x7f \x08",
    "zero width": "Sở\u200b\u2060\ufeff Nội vụ",
    "braces": "{name} {0} {self.__class__} {{ 7 * 7 }} {% raw %}",
    "endless": "Ô" * 10_000,
    "decomposed": unicodedata.normalize("NFD", "Sở Nội vụ " * 2_000),
}


def spoil(text: str) -> list[Content]:
    """A message to each audience in which every text is ``text``."""
    facts = change(
        PAYMENT,
        indicator_code=text,
        variant=text,
        clause=text,
        name_vi=text,
        unit_vi=text,
        agency_code=text,
        agency_name_vi=text,
        reasons=(text,),
        flags=(text,),
        change=Change(
            since=DAY,
            value=Decimal(46),
            contributions=(Contribution(agency_code=text, agency_name_vi=text, rate=Decimal(1), mix=Decimal(1)),),
        ),
    )
    task = INSPECTION.model_copy(
        update={"task_code": text, "content_vi": text, "agency_code": text, "agency_name_vi": text, "status": text}
    )
    operation = OPERATION.model_copy(update={"subject_vi": text, "details_vi": text, "runbook": text, "source": text})
    return [
        write(make_event(facts), make_event(facts, "withdrawn", opened_facts=facts), make_event(task), province=text),
        write(make_event(operation), audience="operators", province=text),
    ]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_fact_reaches_the_subject(text: str) -> None:
    assert [content.subject for content in spoil(text)] == [content.subject for content in spoil("Sở Nội vụ")]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_fact_stays_inside_its_line(text: str) -> None:
    for content, plain in zip(spoil(text), spoil("Sở Nội vụ"), strict=True):
        for body, plain_body in ((content.body_text, plain.body_text), (content.body_html, plain.body_html)):
            assert len(body.splitlines()) == len(plain_body.splitlines())
            assert [letter for letter in body if unicodedata.category(letter)[0] == "C" and letter != "\n"] == []
        assert max(map(len, content.body_text.splitlines())) < 4 * MAX_VALUE_LENGTH


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_fact_is_no_markup(text: str) -> None:
    for content, plain in zip(spoil(text), spoil("Sở Nội vụ"), strict=True):
        page, plain_page = Page(content.body_html), Page(plain.body_html)
        assert (page.tags, page.attributes) == (plain_page.tags, plain_page.attributes)


def test_hostile_fact_is_still_shown() -> None:
    assert "<script>alert(1)</script>" in Page(spoil(HOSTILE["markup"])[0].body_html).text
    assert "{name} {0} {self.__class__} {{ 7 * 7 }}" in spoil(HOSTILE["braces"])[1].body_text
    assert "Sở Bcc: thu@example.org Xem đây\n" in spoil(HOSTILE["line ends"])[1].body_text
    assert "Sở Nội vụ Sở Nội vụ" in spoil(HOSTILE["decomposed"])[1].body_text


# Words


def test_wording_has_every_section_and_kind() -> None:
    wording = load_wording()
    assert list(wording.titles) == list(wording.intros) == list(wording.counts)
    assert set(LABELS.group("alert_kinds")) == set(KINDS) <= set(wording.titles)


if __name__ == "__main__":
    for readers in DIGESTS:
        for name, written in render_golden(readers).items():
            (GOLDEN / name).write_text(written, encoding="utf-8")
