"""Text as people type and copy it, made comparable: invisible characters, spaces and hyphens of every kind."""

from __future__ import annotations

import re
import unicodedata

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), which no reader sees.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Unicode's dash punctuation (Pd), the minus sign and the hyphen bullet, which all look like a hyphen in a code.
HYPHENS = re.compile(
    "[\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32"
    "\ufe58\ufe63\uff0d\U00010ead]"
)


def clean_text(text: str) -> str:
    """``text`` as a reader sees it: composed (NFC), without invisible characters, with single spaces inside alone."""
    return " ".join(INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def fold_hyphens(text: str) -> str:
    """``text`` with every kind of hyphen as ``-``: for codes, periods, headings and numbers, not for prose."""
    return HYPHENS.sub("-", text)


def is_blank(cell: object) -> bool:
    """Whether a cell looks empty."""
    return cell is None or (isinstance(cell, str) and not INVISIBLE.sub("", cell).strip())


def make_printable(text: str) -> str:
    """``text`` on one line: ``?`` stands for line ends, control characters and other signs that can't be seen."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
