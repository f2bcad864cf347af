"""Typed text is compared as it looks."""

from __future__ import annotations

import sys
import unicodedata
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.fields.cells import CellError, Percent, Unseen, is_error, show_cell
from cchc.fields.written_text import HYPHENS, INVISIBLE, clean_text, fold_hyphens, is_blank


@given(st.text())
def test_cleaned_text_is_composed_and_cleaned_once(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert not INVISIBLE.search(cleaned)
    assert cleaned == cleaned.strip()
    assert is_blank(text) == (cleaned == "")


@pytest.mark.parametrize("sign", "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u2069\u180e\ufe0f\U000e0041")
def test_invisible_signs_vanish_anywhere(sign: str) -> None:
    assert clean_text(f"{sign}H58{sign}.02{sign}") == "H58.02"
    assert unicodedata.category(sign) in ("Cf", "Mn")


@pytest.mark.parametrize("hyphen", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\ufe63")
def test_hyphens_of_every_kind_are_one(hyphen: str) -> None:
    assert fold_hyphens(f"II.6{hyphen}1") == "II.6-1"
    assert HYPHENS.fullmatch(hyphen)


def test_every_dash_that_unicode_knows_is_a_hyphen() -> None:
    dashes = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Pd"} - {"-"}
    assert {fold_hyphens(dash) for dash in dashes} == {"-"}


@pytest.mark.parametrize("text", ["#12", "BC #12/2024", "# NAME?", "Err", "Loading", "#N/A vì chưa có", "N/A", "#abc!"])
def test_text_that_is_no_error_is_none(text: str) -> None:
    assert not is_error(text)
    assert is_error(CellError(text))


def test_cells_are_shown_as_a_vietnamese_spreadsheet_does() -> None:
    assert [show_cell(cell) for cell in (
        Decimal("87.12"), Percent(Decimal("87.12")), Unseen(Decimal("1.5"), "ẩn"), CellError("#N/A"), None, "1.234",
        date(2024, 2, 18), datetime(2024, 2, 18), 7, "a\u200bb\x07",  # noqa: DTZ001 — cells know no time zone
    )] == ["87,12", "87,12 %", "1,5", "#N/A", "", "1.234", "18/02/2024", "18/02/2024", "7", "ab�"]  # fmt: skip
