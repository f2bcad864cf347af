"""The zip package of a workbook: refused before it is opened where it is hostile, its XML read within bounds.

Only the parts that hold values are opened: workbook, sheets, texts and number formats. Expat reads them and keeps
nothing, so that no part can take more memory or time than a report is worth.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from cchc.spreadsheets.table import RejectedFileError

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
MACRO_PARTS = ("vbaproject.bin", "xl/macrosheets/")

MAX_INFLATED_BYTES = 64 * 2**20
MAX_INFLATION = 100  # what is inflated more often than that is no report
SMALL = 2**20  # however much it was inflated
MAX_PARTS = 2_000

# Cells, their values and texts; elements of other kinds; rows; characters.
PLAIN = {"c", "v", "is", "t", "f", "si"}
MAX_PLAIN_ELEMENTS = 1_500_000
MAX_OTHER_ELEMENTS = 400_000
MAX_ROWS = 150_000
MAX_CHARACTERS = 20_000_000
MAX_TOKEN_BYTES = 2**20
CHUNK = 2**16

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, KeyError)


class Handler:
    """Takes the elements of one part, by their names without namespace. A part's own handler says what it needs."""

    is_done = False  # True: the rest of the part isn't needed

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """A piece of text within an element."""


@dataclass
class Package:
    """An opened package. The counts are over all parts that were read."""

    archive: zipfile.ZipFile
    names: Mapping[str, str]  # part name in small letters, as programs compare it → name in the package
    plain_elements: int = 0
    other_elements: int = 0
    rows: int = 0
    characters: int = 0

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part.lower() in self.names

    def read(self, part: str, handler: Handler) -> None:
        """Read one part; raises RejectedFileError where it is missing, damaged or more than a report."""
        try:
            with self.archive.open(self.names[part.lower()]) as stream:
                _Parser(self, handler).read(stream)
        except expat.ExpatError as error:
            raise RejectedFileError("not_a_workbook", f"phần {part} của tệp hỏng ({error})") from error
        except DAMAGED as error:
            raise RejectedFileError("not_a_workbook", f"phần {part} của tệp hỏng hoặc thiếu ({error})") from error

    def check(self, unfinished: int) -> None:
        """Raise RejectedFileError when it is more than a report; ``unfinished``: bytes of a token whose end isn't in sight."""
        if self.rows > MAX_ROWS:
            raise RejectedFileError("too_large", f"hơn {MAX_ROWS} dòng, kể cả dòng trống có định dạng; xóa các dòng trống")
        if self.plain_elements > MAX_PLAIN_ELEMENTS or self.other_elements > MAX_OTHER_ELEMENTS:
            raise RejectedFileError("too_large", "quá nhiều ô hoặc định dạng; chép số liệu sang tệp mẫu mới")
        if self.characters > MAX_CHARACTERS or unfinished > MAX_TOKEN_BYTES:
            raise RejectedFileError("too_large", "quá nhiều chữ; chép số liệu sang tệp mẫu mới")


def open_package(content: bytes) -> Package:
    """Open a workbook's package. Raises RejectedFileError for what isn't one, or not one that may be opened."""
    if content.startswith(OLE):
        raise _explain_ole(content)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except DAMAGED as error:
        raise RejectedFileError("not_a_workbook", f"tệp hỏng hoặc không phải sổ tính Excel ({error})") from error
    _inspect_directory(archive, len(content))
    return Package(archive, {name.replace("\\", "/").lower(): name for name in archive.namelist()})


@dataclass
class Relations(Handler):
    """The relationships of a part: kind (last word of its type) and target by id."""

    source: str = ""
    kinds: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note a relationship within the package."""
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            name = attributes.get("Id", "")
            self.kinds[name] = attributes.get("Type", "").rpartition("/")[2]
            folder = posixpath.dirname(self.source)
            target = attributes.get("Target", "").replace("\\", "/")
            self.targets[name] = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")

    def find(self, kind: str) -> str | None:
        """The first target of a kind."""
        return next((self.targets[name] for name, one in self.kinds.items() if one == kind), None)


def read_relations(package: Package, source: str = "") -> Relations:
    """The relationships of a part, or of the package; none where it has no file of them."""
    folder, name = posixpath.split(source)
    relations = Relations(source)
    part = posixpath.join(folder, "_rels", f"{name}.rels")
    if package.has(part):
        package.read(part, relations)
    return relations


class _Parser:
    """Expat over one part: counts for the package, hands the elements on."""

    def __init__(self, package: Package, handler: Handler) -> None:
        self.package = package
        self.handler = handler
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.read_text
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype

    def read(self, stream: IO[bytes]) -> None:
        """Read to the end, or as far as the handler wants."""
        fed = 0
        while chunk := stream.read(CHUNK):
            self.parser.Parse(chunk)
            fed += len(chunk)
            self.package.check(unfinished=fed - max(self.parser.CurrentByteIndex, 0))
            if self.handler.is_done:
                return
        self.parser.Parse(b"", True)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Count an element. Transitional and Strict Open XML differ in their namespaces alone."""
        tag = name.rpartition("}")[2]
        if tag in PLAIN:
            self.package.plain_elements += 1
        elif tag == "row":
            self.package.rows += 1
        else:
            self.package.other_elements += 1
        self.handler.start(tag, attributes)

    def end(self, name: str) -> None:
        """Hand the end of an element on."""
        self.handler.end(name.rpartition("}")[2])

    def read_text(self, text: str) -> None:
        """Count characters."""
        self.package.characters += len(text)
        self.handler.text(text)

    def refuse_doctype(self, *_: object) -> None:
        """Refuse a part with a DTD: Office writes none, and its entities can be made to expand without end."""
        raise RejectedFileError("not_a_workbook", "tệp có khai báo DTD, Excel không bao giờ ghi như vậy")


def _explain_ole(content: bytes) -> RejectedFileError:
    if ENCRYPTED_STREAM in content:
        return RejectedFileError("protected_workbook", "tệp được đặt mật khẩu mở")
    return RejectedFileError("not_a_workbook", "tệp Excel 97–2003 (.xls); mở ra và lưu lại thành .xlsx")


def _inspect_directory(archive: zipfile.ZipFile, size: int) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise RejectedFileError("protected_workbook", "tệp nén được đặt mật khẩu")
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise RejectedFileError("not_a_workbook", "tệp nén theo cách Excel không dùng")
    if any(mark in part.filename.lower() for part in parts for mark in MACRO_PARTS):
        raise RejectedFileError("macro_workbook", "tệp chứa macro")
    inflated = sum(part.file_size for part in parts)
    if inflated > max(SMALL, size * MAX_INFLATION) or len(parts) > MAX_PARTS:
        raise RejectedFileError("compression_bomb", f"{size} byte bung ra {inflated} byte, {len(parts)} phần")
    if inflated > MAX_INFLATED_BYTES:
        raise RejectedFileError(
            "too_large", f"nội dung bung ra {inflated // 2**20} MB, nhiều nhất {MAX_INFLATED_BYTES // 2**20} MB"
        )
