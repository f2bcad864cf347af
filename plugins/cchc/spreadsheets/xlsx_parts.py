"""The parts of a workbook beside its sheets: the list of sheets, number formats, shared texts (ECMA-376 part 1).

Each handler takes what cells need of one part and passes over the rest. Sheets themselves are read by xlsx_reader.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cchc.fields.cells import CALENDAR_1900, CALENDAR_1904, Calendar, Unseen
from cchc.messages import read_messages
from cchc.spreadsheets.number_formats import GENERAL
from cchc.spreadsheets.table import RejectedFileError
from cchc.spreadsheets.xlsx_package import Handler

MESSAGES = read_messages("rejected_files")
UNSEEN = read_messages("unseen_cells")

ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # ST_Xstring: a character that XML can't hold
SURROGATES = re.compile("[\ud800-\udfff]")
# No spreadsheet shows these characters, and no database holds the first.
NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff]")
MAX_TEXT_LENGTH = 32_767  # characters of a cell, as in Excel
TRUE = ("1", "true", "on")
# Formats of a piece of text by which it isn't part of the value: struck out, or the number of a footnote.
ASIDE = ("strike", "vertAlign")
NOT_ASIDE = ("0", "false", "off", "baseline")


def unescape(text: str) -> str:
    """``text`` with each _xHHHH_ as the character that it stands for (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" not in text:
        return text
    plain = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if SURROGATES.search(plain):  # two halves make one character
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return NO_TEXT.sub("�", plain)


@dataclass(frozen=True)
class SheetEntry:
    """A sheet in the list of the workbook: its name, the id of its relationship, whether it is hidden."""

    name: str
    relation: str
    is_hidden: bool


@dataclass
class WorkbookPart(Handler):
    """The list of sheets, and the calendar by which days are numbered."""

    sheets: list[SheetEntry] = field(default_factory=list)
    calendar: Calendar = CALENDAR_1900

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Keep a sheet, or the calendar."""
        if tag == "sheet":
            # The relationship's id has a namespace, sheetId has none.
            relation = next((value for name, value in attributes.items() if name.endswith("}id")), "")
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append(SheetEntry(unescape(attributes.get("name", "")), relation, is_hidden))
        elif tag == "workbookPr" and attributes.get("date1904", "").lower() in TRUE:
            self.calendar = CALENDAR_1904


@dataclass
class StylesPart(Handler):
    """The ids of the number formats of the cell styles, in their order, and the workbook's own formats by id."""

    own: dict[int, str] = field(default_factory=dict)
    cell_formats: list[int] = field(default_factory=list)
    within: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Keep a number format, or the one of a cell style."""
        parent = self.within[-1] if self.within else ""
        if tag == "numFmt" and parent == "numFmts":
            number = attributes.get("numFmtId", "")
            if number.isdecimal():
                self.own[int(number)] = unescape(attributes.get("formatCode", GENERAL))
        elif tag == "xf" and parent == "cellXfs":
            number = attributes.get("numFmtId", "0")
            self.cell_formats.append(int(number) if number.isdecimal() else 0)
        self.within.append(tag)

    def end(self, _: str) -> None:
        """Leave an element."""
        self.within.pop()


@dataclass
class RichText(Handler):
    """One text, made of pieces. Phonetic guides (rPh) are left out."""

    pieces: list[str] = field(default_factory=list)
    length: int = 0
    is_text: bool = False
    is_phonetic: bool = False
    has_aside: bool = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin a piece, or keep that one is struck out or set above or below the line."""
        self.is_phonetic |= tag == "rPh"
        self.is_text = tag == "t" and not self.is_phonetic
        self.has_aside |= tag in ASIDE and attributes.get("val", "1").lower() not in NOT_ASIDE

    def text(self, text: str) -> None:
        """Add a piece; raises RejectedFileError where a cell could not hold the whole text."""
        if self.is_text:
            self.pieces.append(text)
            self.length += len(text)
            if self.length > MAX_TEXT_LENGTH:
                raise RejectedFileError("too_large", MESSAGES.format("too_long_text", max=MAX_TEXT_LENGTH))

    def end(self, tag: str) -> None:
        """End a piece."""
        self.is_text = False
        self.is_phonetic &= tag != "rPh"

    def read(self) -> object:
        """The text; Unseen where its reader sees another value."""
        text = unescape("".join(self.pieces))
        return Unseen(text, UNSEEN.format("struck_out")) if self.has_aside and text else text


@dataclass
class SharedTextsPart(Handler):
    """The texts that cells refer to by an index."""

    texts: list[object] = field(default_factory=list)
    current: RichText = field(default_factory=RichText)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin a text or a piece of it."""
        if tag == "si":
            self.current = RichText()
        else:
            self.current.start(tag, attributes)

    def text(self, text: str) -> None:
        """Add a piece."""
        self.current.text(text)

    def end(self, tag: str) -> None:
        """End a text or a piece of it."""
        self.current.end(tag)
        if tag == "si":
            self.texts.append(self.current.read())
