"""The zip package of a workbook: a hostile one is rejected before it is opened, XML is read within bounds.

Only the parts that hold values are opened: workbook, sheets, texts and number formats. Expat keeps nothing of them,
so that memory and time stay bounded. Their meaning belongs to xlsx_reader.py.
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

from cchc.messages import read_messages
from cchc.spreadsheets.table import RejectedFileError

MESSAGES = read_messages("rejected_files")

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
MACRO_PARTS = ("vbaproject.bin", "xl/macrosheets/")

MAX_INFLATED_BYTES = 64 * 2**20
MAX_INFLATION = 100  # inflated bytes for each byte of the file
SMALL_BYTES = 2**20  # a package that inflates to less may have any ratio
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
    """Receives the elements of one part, by their names without namespace. Each kind of part has a handler."""

    is_done = False  # True: the rest of the part need not be read

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """A piece of text within an element."""


@dataclass
class Package:
    """An opened package, with counts over all parts that were read."""

    archive: zipfile.ZipFile
    names: Mapping[str, str]  # part name in lower case, as programs compare it → name in the package
    plain_elements: int = 0
    other_elements: int = 0
    rows: int = 0
    characters: int = 0

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part.lower() in self.names

    def read(self, part: str, handler: Handler) -> None:
        """Read one part; raises RejectedFileError where it is missing, damaged or too large."""
        try:
            with self.archive.open(self.names[part.lower()]) as stream:
                _Parser(self, handler).read(stream)
        except expat.ExpatError as error:
            detail = MESSAGES.format("broken_part", part=part, error=error)
            raise RejectedFileError("not_a_workbook", detail) from error
        except DAMAGED as error:
            detail = MESSAGES.format("missing_part", part=part, error=error)
            raise RejectedFileError("not_a_workbook", detail) from error

    def check(self, unfinished: int) -> None:
        """Raise RejectedFileError when a bound is passed; ``unfinished``: bytes of a token whose end isn't read yet."""
        if self.rows > MAX_ROWS:
            raise RejectedFileError("too_large", MESSAGES.format("too_many_stored_rows", max=MAX_ROWS))
        if self.plain_elements > MAX_PLAIN_ELEMENTS or self.other_elements > MAX_OTHER_ELEMENTS:
            raise RejectedFileError("too_large", MESSAGES.format("too_many_elements"))
        if self.characters > MAX_CHARACTERS or unfinished > MAX_TOKEN_BYTES:
            raise RejectedFileError("too_large", MESSAGES.format("too_many_characters"))


def open_package(content: bytes) -> Package:
    """The package of a workbook. Raises RejectedFileError where the bytes are none, or one that may not be opened."""
    if content.startswith(OLE):
        raise _explain_ole(content)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except DAMAGED as error:
        raise RejectedFileError("not_a_workbook", MESSAGES.format("broken_package", error=error)) from error
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
        """The first target of a kind; None without one."""
        return next((self.targets[name] for name, one in self.kinds.items() if one == kind), None)


def read_relations(package: Package, source: str = "") -> Relations:
    """The relationships of a part, or of the package (``""``); none where no part holds them."""
    folder, name = posixpath.split(source)
    relations = Relations(source)
    part = posixpath.join(folder, "_rels", f"{name}.rels")
    if package.has(part):
        package.read(part, relations)
    return relations


class _Parser:
    """Expat over one part: counts for the package and passes the elements to the handler."""

    def __init__(self, package: Package, handler: Handler) -> None:
        self.package = package
        self.handler = handler
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.read_text
        self.parser.StartDoctypeDeclHandler = self.reject_doctype

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
        """Count an element and pass it on. Transitional and Strict Open XML differ in their namespaces alone."""
        tag = name.rpartition("}")[2]
        if tag in PLAIN:
            self.package.plain_elements += 1
        elif tag == "row":
            self.package.rows += 1
        else:
            self.package.other_elements += 1
        self.handler.start(tag, attributes)

    def end(self, name: str) -> None:
        """Pass the end of an element on."""
        self.handler.end(name.rpartition("}")[2])

    def read_text(self, text: str) -> None:
        """Count characters and pass the text on."""
        self.package.characters += len(text)
        self.handler.text(text)

    def reject_doctype(self, *_: object) -> None:
        """Reject a part with a DTD: Office writes none, and its entities can expand without end."""
        raise RejectedFileError("not_a_workbook", MESSAGES.format("doctype"))


def _explain_ole(content: bytes) -> RejectedFileError:
    if ENCRYPTED_STREAM in content:
        return RejectedFileError("protected_workbook", MESSAGES.format("password"))
    return RejectedFileError("not_a_workbook", MESSAGES.format("old_excel"))


def _inspect_directory(archive: zipfile.ZipFile, size: int) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise RejectedFileError("protected_workbook", MESSAGES.format("zip_password"))
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise RejectedFileError("not_a_workbook", MESSAGES.format("zip_method"))
    if any(macro in part.filename.lower() for part in parts for macro in MACRO_PARTS):
        raise RejectedFileError("macro_workbook", MESSAGES.format("macro"))
    inflated = sum(part.file_size for part in parts)
    if inflated > max(SMALL_BYTES, size * MAX_INFLATION) or len(parts) > MAX_PARTS:
        detail = MESSAGES.format("bomb", size=size, inflated=inflated, parts=len(parts))
        raise RejectedFileError("compression_bomb", detail)
    if inflated > MAX_INFLATED_BYTES:
        detail = MESSAGES.format("too_large_inflated", size=inflated // 2**20, max=MAX_INFLATED_BYTES // 2**20)
        raise RejectedFileError("too_large", detail)
