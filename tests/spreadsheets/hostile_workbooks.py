"""Hostile workbooks, made byte by byte: packages that are bombs, damaged, locked, or hold macros."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import openpyxl

from cchc.settings import SOURCES
from cchc.sources.profile import read_profile

WANTED = read_profile(SOURCES / "returns.yaml").sheet_fields()
HEADINGS = ["Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử số", "Mẫu số", "Văn bản minh chứng", "Ghi chú"]
GOOD_ROW = ["II.2-3", "H58.31", "2024-Q1", 1, 1, "Số 12/BC-UBND", None]

SHEET = "xl/worksheets/sheet1.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def write_workbook(rows: Iterable[Iterable[Any]], sheet: str = "ChiTieu") -> bytes:
    """A workbook of one sheet, as spreadsheet programs write it."""
    workbook = openpyxl.Workbook()
    page = workbook.active
    page.title = sheet
    for row in rows:
        page.append(list(row))
    return save(workbook)


def save(workbook: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def replace_parts(content: bytes, parts: Mapping[str, bytes | Iterable[bytes]]) -> bytes:
    """The package with some parts changed or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, body in parts.items():
            with new.open(name, "w", force_zip64=True) as stream:
                for chunk in [body] if isinstance(body, bytes) else body:
                    stream.write(chunk)
    return file.getvalue()


def good() -> bytes:
    return write_workbook([HEADINGS, GOOD_ROW])


def replace_sheet(rows: bytes | Iterable[bytes], prologue: bytes = b"") -> bytes:
    """The good workbook with other XML in the place of its rows."""

    def body() -> Iterator[bytes]:
        yield prologue + f"<worksheet {MAIN}><sheetData>".encode()
        yield from [rows] if isinstance(rows, bytes) else rows
        yield b"</sheetData></worksheet>"

    return replace_parts(good(), {SHEET: body()})


def text_cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def headings_row() -> str:
    return '<row r="1">' + "".join(text_cell(f"{'ABCDEFG'[n]}1", text) for n, text in enumerate(HEADINGS)) + "</row>"


def good_xml_row(row_no: int, numerator: str = "<v>1</v>") -> str:
    texts = "".join(text_cell(f"{'ABC'[n]}{row_no}", str(text)) for n, text in enumerate(GOOD_ROW[:3]))
    return f'<row r="{row_no}">{texts}<c r="D{row_no}">{numerator}</c><c r="E{row_no}"><v>1</v></c></row>'


@cache
def padding(comments: int) -> bytes:
    """XML comments of 20 kB that hardly compress, so that a bomb's ratio looks like a report's."""
    hashes = [sha256(str(n).encode()).hexdigest() for n in range(comments * 300)]
    return "".join(f"<!--{''.join(hashes[n : n + 300])}-->" for n in range(0, len(hashes), 300)).encode()


# Rejected before a part is opened, or while parts are read.


def zeros_200_mb() -> bytes:
    return replace_parts(good(), {"xl/media/zeros.xml": (bytes(2**20) for _ in range(200))})


def lying_directory() -> bytes:
    """A sheet of 200 MB whose directory says one byte."""
    content = bytearray(replace_parts(good(), {SHEET: (bytes(2**20) for _ in range(200))}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = (1).to_bytes(4, "little")
    return bytes(content)


def entity_bomb() -> bytes:
    """A billion laughs: ten entities, each ten of the one before."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    dtd = f'<!DOCTYPE worksheet [<!ENTITY e0 "ha">{entities}]>'.encode()
    return replace_sheet(f"{headings_row()}<row>{text_cell('A2', '&e9;')}</row>".encode(), dtd)


def outside_entity() -> bytes:
    dtd = b'<!DOCTYPE worksheet [<!ENTITY passwd SYSTEM "file:///etc/passwd">]>'
    return replace_sheet(f"{headings_row()}<row>{text_cell('A2', '&passwd;')}</row>".encode(), dtd)


def entity_bomb_in_disguise() -> bytes:
    """The part of the sheet has the name of an image, so that a check of names passes over it."""
    content = entity_bomb()
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["xl/media/image1.png"] = parts.pop(SHEET)
    for name in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
        parts[name] = parts[name].replace(b"worksheets/sheet1.xml", b"media/image1.png")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, body in parts.items():
            package.writestr(name, body)
    return file.getvalue()


def millions_of_cells() -> bytes:
    filler = padding(80)
    return replace_sheet([filler, b"<row>", b"<c/>" * 10_000_000, b"</row>"])


def millions_of_rows() -> bytes:
    filler = padding(80)
    return replace_sheet([filler, b"<row/>" * 5_000_000])


def millions_of_merged_cells() -> bytes:
    rows = b"</sheetData><mergeCells>" + b'<mergeCell ref="A1:B2"/>' * 2_000_000 + b"</mergeCells><sheetData>"
    return replace_sheet([padding(80), rows])


def one_text_of_60_mb() -> bytes:
    return replace_sheet([padding(80), "<row><c><v>😀".encode(), b"a" * 60 * 2**20, b"</v></c></row>"])


def one_attribute_of_60_mb() -> bytes:
    return replace_sheet([padding(80), b'<row r="', b"1" * 60 * 2**20, b'"></row>'])


def elements_within_elements() -> bytes:
    depth = 300_000
    good_rows = (headings_row() + good_xml_row(2)).encode()
    return replace_sheet([good_rows, padding(5), b"<a>" * depth, b"</a>" * depth])


def row_out_of_this_world() -> bytes:
    return replace_sheet((headings_row() + good_xml_row(2) + '<row r="99999999999"><c><v>1</v></c></row>').encode())


def endless_sheet_name() -> bytes:
    """A name of 0.9 MB, which every row would carry."""
    named = f'<workbook {MAIN}><sheets><sheet name="{"a" * 900_000}" sheetId="1"/></sheets></workbook>'
    return replace_parts(good(), {"xl/workbook.xml": [padding(2), named.encode()]})


def endless_text() -> bytes:
    """A text of 1 MB that every cell names."""
    cells = "".join(f'<row r="{n}"><c r="D{n}" t="s"><v>0</v></c></row>' for n in range(2, 100_000))
    content = replace_sheet((headings_row() + cells).encode(), padding(2))
    shared = f"<sst {MAIN}><si><t>{'a' * 2**20}</t></si></sst>"
    rels = zipfile.ZipFile(io.BytesIO(content)).read("xl/_rels/workbook.xml.rels").decode()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    rels = rels.replace(
        "</Relationships>", f'<Relationship Id="rId90" Type="{kind}" Target="sharedStrings.xml"/></Relationships>'
    )
    return replace_parts(
        content, {"xl/sharedStrings.xml": shared.encode(), "xl/_rels/workbook.xml.rels": rels.encode()}
    )


def wide_rows() -> bytes:
    rows = "".join(f'<row r="{n}"><c r="IV{n}"><v>1</v></c></row>' for n in range(2, 149_000))
    return replace_sheet((headings_row() + rows).encode(), padding(2))


def merged_over_everything() -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(2, 40_000))
    merged = "</sheetData><mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 15_000 + "</mergeCells><sheetData>"
    return replace_sheet((headings_row() + rows + merged).encode(), padding(2))


def locked() -> bytes:
    """An encrypted workbook is an OLE file with a stream of this name."""
    return bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)


def old_workbook() -> bytes:
    return bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "Workbook".encode("utf-16-le") + bytes(1000)


def macro() -> bytes:
    return replace_parts(good(), {"xl/vbaProject.bin": b"\xcc\x61"})


def cut_short() -> bytes:
    return good()[:-400]


def damaged() -> bytes:
    return replace_parts(good(), {SHEET: f"<worksheet {MAIN}><sheetData><row>".encode()})


def text_called_workbook() -> bytes:
    return "Không phải sổ tính".encode()


def web_page() -> bytes:
    return b"<html><table><tr><td>M\xc3\xa3</td></tr></table></html>"


def many_parts() -> bytes:
    return replace_parts(good(), {f"xl/media/{n}.xml": b"<a/>" for n in range(5_000)})


def formula_with_error() -> bytes:
    cell = '<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    row = good_xml_row(2).replace('<c r="D2"><v>1</v></c>', cell)
    return replace_sheet((headings_row() + row).encode())


def formula_never_computed() -> bytes:
    return replace_sheet((headings_row() + good_xml_row(2, "<f>1+1</f>")).encode())


def formula_saved_by_a_program() -> bytes:
    """As openpyxl writes a formula: with a value's element and nothing in it."""
    return write_workbook([HEADINGS, [*GOOD_ROW[:5], "=cmd|' /C calc'!A0", None]])


def merged_headings() -> bytes:
    """Tử số and Mẫu số under one merged cell: the second's heading is gone."""
    workbook = openpyxl.load_workbook(io.BytesIO(good()))
    workbook.active.merge_cells("C1:D1")
    return save(workbook)


def headings_only() -> bytes:
    return write_workbook([HEADINGS])


REJECTED: dict[str, tuple[Callable[[], bytes], str]] = {
    "zeros_200_mb": (zeros_200_mb, "compression_bomb"),
    "lying_directory": (lying_directory, "not_a_workbook"),
    "entity_bomb": (entity_bomb, "not_a_workbook"),
    "outside_entity": (outside_entity, "not_a_workbook"),
    "entity_bomb_in_disguise": (entity_bomb_in_disguise, "not_a_workbook"),
    "millions_of_cells": (millions_of_cells, "too_large"),
    "millions_of_rows": (millions_of_rows, "too_large"),
    "millions_of_merged_cells": (millions_of_merged_cells, "too_large"),
    "one_text_of_60_mb": (one_text_of_60_mb, "too_large"),
    "one_attribute_of_60_mb": (one_attribute_of_60_mb, "too_large"),
    "endless_sheet_name": (endless_sheet_name, "not_a_workbook"),
    "endless_text": (endless_text, "too_large"),
    "wide_rows": (wide_rows, "too_large"),
    "merged_over_everything": (merged_over_everything, "too_large"),
    "locked": (locked, "protected_workbook"),
    "old_workbook": (old_workbook, "not_a_workbook"),
    "macro": (macro, "macro_workbook"),
    "cut_short": (cut_short, "not_a_workbook"),
    "damaged": (damaged, "not_a_workbook"),
    "text_called_workbook": (text_called_workbook, "not_a_workbook"),
    "web_page": (web_page, "not_a_workbook"),
    "many_parts": (many_parts, "compression_bomb"),
    "formula_with_error": (formula_with_error, "formula_error"),
    "formula_never_computed": (formula_never_computed, "formula_error"),
    "formula_saved_by_a_program": (formula_saved_by_a_program, "formula_error"),
    "merged_headings": (merged_headings, "no_headings"),
    "headings_only": (headings_only, "no_rows"),
}


# Unusual, but a report: the good row is read.


def formatted_empty_rows() -> bytes:
    """70,000 rows with nothing but a format in 8 columns, as dragging a border down leaves them."""

    def rows() -> Iterator[bytes]:
        yield (headings_row() + good_xml_row(2)).encode()
        for row_no in range(3, 70_003):
            cells = "".join(f'<c r="{column}{row_no}" s="0"/>' for column in "ABCDEFGH")
            yield f'<row r="{row_no}" ht="15" customHeight="1">{cells}</row>'.encode()

    return replace_sheet(rows())


def cells_in_the_last_column() -> bytes:
    rows = "".join(f'<row r="{row_no}"><c r="XFD{row_no}" s="0"/></row>' for row_no in range(3, 100_000))
    return replace_sheet((headings_row() + good_xml_row(2) + rows).encode())


def last_row_of_all() -> bytes:
    return replace_sheet((headings_row() + good_xml_row(2) + '<row r="1048576"><c r="A1048576" s="0"/></row>').encode())


def thousands_of_hidden_columns() -> bytes:
    columns = "<cols>" + '<col min="50" max="16384" hidden="1"/>' * 20_000 + "</cols>"
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="str"><v>x</v></c><c r="H{n}" s="0"/></row>' for n in range(3, 14_000))
    content = replace_sheet((headings_row() + good_xml_row(2) + rows).encode(), padding(2))
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        sheet = package.read(SHEET).replace(b"<sheetData>", columns.encode() + b"<sheetData>")
    return replace_parts(content, {SHEET: sheet})


def endless_format() -> bytes:
    """A number format of 0.9 MB, on which patterns could take minutes."""
    style = f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="200" formatCode="{"[" * 900_000}"/></numFmts>'
    style += '<cellXfs><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs></styleSheet>'
    rows = headings_row() + good_xml_row(2) + '<row r="3"><c r="A3" s="1"><v>1</v></c></row>'
    return replace_parts(replace_sheet(rows.encode()), {"xl/styles.xml": [padding(2), style.encode()]})


READ: dict[str, Callable[[], bytes]] = {
    "formatted_empty_rows": formatted_empty_rows,
    "cells_in_the_last_column": cells_in_the_last_column,
    "last_row_of_all": last_row_of_all,
    "row_out_of_this_world": row_out_of_this_world,
    "elements_within_elements": elements_within_elements,
    "thousands_of_hidden_columns": thousands_of_hidden_columns,
    "endless_format": endless_format,
}
