"""The oracle's readers of numbers and texts: of a system's answers, and of the cells that people fill in."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

SIGNIFICANT_DIGITS = 15  # of a number that a spreadsheet stores
PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
WRITTEN = re.compile(r"([-+]?)([0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[1-9][0-9]{0,2}(?: [0-9]{3})+)(?:,([0-9]+))?")
ONE_MARK = re.compile(r"[-+]?[1-9][0-9]{0,2}([.,])[0-9]{3}")

# Default_Ignorable_Code_Point of the Unicode standard: first and last of each range.
INVISIBLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
OTHER_HYPHENS = "\u2043\u2212"  # the bullet and the minus sign; all others are dash punctuation


class Number(NamedTuple):
    """The number of a cell. ``value`` stands before its percent sign; ``only_mark`` is the mark of 1.234 or 1,234."""

    value: Fraction
    is_percent: bool = False
    only_mark: str = ""


def read_wire_number(value: object) -> Fraction | None:
    """The exact number of a system's answer, whose texts have a point (12.5); None where it is no number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Fraction(str(value))
    text = value.strip() if isinstance(value, str) else ""
    return Fraction(text) if PLAIN.fullmatch(text) else None


def read_cell(cell: object) -> Number | None:
    """The number of a cell in a workbook or text file, whose texts are Vietnamese (1.234,5); None where it is none."""
    if isinstance(cell, float):
        return Number(Fraction(f"{cell:.{SIGNIFICANT_DIGITS}g}"))
    if isinstance(cell, int) and not isinstance(cell, bool):
        return Number(Fraction(cell))
    shown = read_text(cell)
    text = shown.removesuffix("%").rstrip()
    found, mark = WRITTEN.fullmatch(text), ONE_MARK.fullmatch(text)
    if found is None:
        return None
    sign, whole, decimals = found.groups()
    digits = re.sub("[. ]", "", whole)
    return Number(Fraction(f"{sign}{digits}.{decimals or 0}"), shown.endswith("%"), mark[1] if mark else "")


def read_text(cell: object) -> str:
    """The text that a reader sees, with one kind of spaces and of hyphens; empty where the cell holds no text."""
    if not isinstance(cell, str):
        return ""
    composed = unicodedata.normalize("NFC", cell)
    visible = (sign for sign in composed if not any(first <= ord(sign) <= last for first, last in INVISIBLE))
    return " ".join("".join(map(_fold_hyphen, visible)).split())


def is_blank(cell: object) -> bool:
    """Whether a cell shows nothing."""
    return cell is None or (isinstance(cell, str) and not read_text(cell))


def _fold_hyphen(sign: str) -> str:
    return "-" if unicodedata.category(sign) == "Pd" or sign in OTHER_HYPHENS else sign
