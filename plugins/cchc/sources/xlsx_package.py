"""Before a workbook is opened: what its zip package holds, and how much of it (the issue's hostile workbooks).

The XML parts are looked through once by expat alone, which keeps nothing, so that what opens them afterwards can't be
made to take more memory or time than a report is worth.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from cchc.sources.table import Refusal

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
MACRO_PARTS = ("vbaproject.bin", "xl/macrosheets/")

LARGEST_INFLATED = 64 * 2**20
MOST_INFLATION = 100  # what is inflated more often than that is no report
SMALL = 2**20  # however much it was inflated
MOST_PARTS = 2_000

# Cells and their values, which are passed over one by one; elements of which objects are made; rows; characters.
MOST_PLAIN_ELEMENTS = 1_500_000
MOST_OTHER_ELEMENTS = 400_000
MOST_ROWS = 150_000
MOST_CHARACTERS = 20_000_000
LONGEST_TOKEN = 2**20
CHUNK = 2**16


def inspect_package(content: bytes) -> dict[str, set[str]]:
    """Look through a workbook: part → its cells, as ``D7``, that have a formula and no value.

    Raises Refusal for what isn't a workbook, or not one that may be opened.
    """
    if content.startswith(OLE):
        raise _explain_ole(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            _inspect_directory(package, len(content))
            scan = _Scan()
            for part in package.namelist():
                with package.open(part) as stream:
                    scan.read_part(part, stream)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Refusal("not_a_workbook", f"tệp hỏng hoặc không phải sổ tính Excel ({error})") from error
    return scan.uncomputed


def _explain_ole(content: bytes) -> Refusal:
    if ENCRYPTED_STREAM in content:
        return Refusal("protected_workbook", "tệp được đặt mật khẩu mở")
    return Refusal("not_a_workbook", "tệp Excel 97–2003 (.xls); mở ra và lưu lại thành .xlsx")


def _inspect_directory(package: zipfile.ZipFile, size: int) -> None:
    parts = package.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise Refusal("protected_workbook", "tệp nén được đặt mật khẩu")
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise Refusal("not_a_workbook", "tệp nén theo cách Excel không dùng")
    if any(mark in part.filename.lower() for part in parts for mark in MACRO_PARTS):
        raise Refusal("macro_workbook", "tệp chứa macro")
    inflated = sum(part.file_size for part in parts)
    if inflated > max(SMALL, size * MOST_INFLATION) or len(parts) > MOST_PARTS:
        raise Refusal("compression_bomb", f"{size} byte bung ra {inflated} byte, {len(parts)} phần")
    if inflated > LARGEST_INFLATED:
        raise Refusal(
            "too_large", f"nội dung bung ra {inflated // 2**20} MB, nhiều nhất {LARGEST_INFLATED // 2**20} MB"
        )


@dataclass
class _Scan:
    """Counts over all parts of a package, and the formulas without a value."""

    plain_elements: int = 0
    other_elements: int = 0
    rows: int = 0
    characters: int = 0
    uncomputed: dict[str, set[str]] = field(default_factory=dict)

    def read_part(self, name: str, stream: IO[bytes]) -> None:
        """Read one part to its end, or as far as it is XML: whoever opens it comes no further either."""
        part = _Part(self, self.uncomputed.setdefault(name, set()))
        fed = 0
        try:
            while chunk := stream.read(CHUNK):
                part.parser.Parse(chunk)
                fed += len(chunk)
                self.check(unfinished=fed - max(part.parser.CurrentByteIndex, 0))
            part.parser.Parse(b"", True)
        except expat.ExpatError as error:
            if name.lower().endswith((".xml", ".rels")):
                raise Refusal("not_a_workbook", f"phần {name} của tệp hỏng ({error})") from error
        part.end_cell()

    def check(self, unfinished: int) -> None:
        """Raise Refusal when it is more than a report; ``unfinished``: bytes of a token whose end isn't in sight."""
        if self.rows > MOST_ROWS:
            raise Refusal("too_large", f"hơn {MOST_ROWS} dòng, kể cả dòng trống có định dạng; xóa các dòng trống")
        if self.plain_elements > MOST_PLAIN_ELEMENTS or self.other_elements > MOST_OTHER_ELEMENTS:
            raise Refusal("too_large", "quá nhiều ô hoặc định dạng; chép số liệu sang tệp mẫu mới")
        if self.characters > MOST_CHARACTERS or unfinished > LONGEST_TOKEN:
            raise Refusal("too_large", "quá nhiều chữ; chép số liệu sang tệp mẫu mới")


class _Part:
    """One part under expat; what it counts goes to the scan."""

    def __init__(self, scan: _Scan, uncomputed: set[str]) -> None:
        self.scan = scan
        self.uncomputed = uncomputed
        self.cell: str | None = None
        self.has_formula = self.has_value = self.is_in_value = False
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.StartElementHandler = self.start
        self.parser.CharacterDataHandler = self.read_text
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Count an element."""
        tag = name.rpartition("}")[2]
        self.is_in_value = tag == "v"
        if tag == "v":
            self.scan.plain_elements += 1
        elif tag == "c":
            self.scan.plain_elements += 1
            self.end_cell()
            self.cell = attributes.get("r")
            self.has_value = attributes.get("t") == "str"  # a formula's text, which may be empty
        elif tag == "row":
            self.scan.rows += 1
        else:
            self.scan.other_elements += 1
            self.has_formula |= tag == "f"

    def end_cell(self) -> None:
        """Note the cell that has been read."""
        if self.cell and self.has_formula and not self.has_value:
            self.uncomputed.add(self.cell)
        self.cell, self.has_formula, self.has_value = None, False, False

    def read_text(self, text: str) -> None:
        """Count characters."""
        self.scan.characters += len(text)
        self.has_value |= self.is_in_value and not text.isspace()

    def refuse_doctype(self, *_: object) -> None:
        """Refuse a part with a DTD: Office writes none, and its entities can be made to expand without end."""
        raise Refusal("not_a_workbook", "tệp có khai báo DTD, Excel không bao giờ ghi như vậy")
