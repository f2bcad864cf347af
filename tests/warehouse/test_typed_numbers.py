"""A number that a person types is in the warehouse as it was meant, or its row is quarantined with a reason.

Spellings that differ between languages are typed where the rules know of the difference: in files whose columns commas
separate, and of whole things. Elsewhere 1.234 and 1,234 are what they are in Vietnamese.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cchc.local.embedded import Database
from cchc.quality.audit import audit
from cchc.settings import SOURCES
from cchc.sources.fetching import archive_file
from cchc.sources.inbox import InboxFile
from cchc.sources.inbox_store import DiskInbox
from cchc.sources.load import Load
from cchc.sources.profile import read_profile
from cchc.sources.raw_archive import Archive
from cchc.sources.window import FileScope
from cchc.warehouse.connection import Login, connect
from cchc.warehouse.publish import publish
from cchc.warehouse.staging import stage
from tests.quality.judged_rows import open_warehouse
from tests.sql.test_cases import fill_table

PROFILE = read_profile(SOURCES / "returns.yaml")
DAY = date(2024, 12, 31)
HEADINGS = ["Mã chỉ tiêu", "Mã đơn vị", "Kỳ báo cáo", "Tử số", "Mẫu số", "Văn bản minh chứng"]
MAX_ROWS = 400  # agencies, so that each row reports a value of its own
COUNTS = ("whole", "rate", "amount")


def plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def vietnamese(number: Decimal, grouping: str = "") -> str:
    return f"{number.normalize():,f}".translate(str.maketrans({",": grouping, ".": ","}))


def wide(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if one.isdigit() else one for one in text)


# Spelling → the text of a number.
SPELLINGS: dict[str, Callable[[Decimal], str]] = {
    "plain": vietnamese,
    "dots": lambda number: vietnamese(number, "."),
    "spaces": lambda number: vietnamese(number, " "),
    "no-break spaces": lambda number: vietnamese(number, "\u00a0"),
    "narrow no-break spaces": lambda number: vietnamese(number, "\u202f"),
    "thin spaces": lambda number: vietnamese(number, "\u2009"),
    "commas": lambda number: f"{number.normalize():,f}",
    "point": plain,
    "apostrophes": lambda number: vietnamese(number, "'"),
    "zeros behind": lambda number: vietnamese(number) + ("0" if "," in vietnamese(number) else ",00"),
    "point and zero": lambda number: plain(number) + ("" if "." in plain(number) else ".0"),
    "plus": lambda number: f"+{vietnamese(number)}",
    "unit": lambda number: f"{vietnamese(number, '.')} hồ sơ",
    "percent": lambda number: f"{vietnamese(number)}%",
    "percent behind a space": lambda number: f"{vietnamese(number)} %",
    "invisible sign": lambda number: f"\u200e{vietnamese(number)[:1]}\u200b{vietnamese(number)[1:]}",
    "exponent": lambda number: f"{number.normalize():E}".replace(".", ","),
    "about": lambda number: f"khoảng {vietnamese(number)}",
    "fraction": lambda number: f"{vietnamese(number)}/100",
    "wide digits": lambda number: wide(vietnamese(number)),
    "mark of text": lambda number: f"'{vietnamese(number)}",
    "spaces around": lambda number: f"  {vietnamese(number, '.')}\u3000",
}
NO_COUNT = (
    "percent",
    "percent behind a space",
    "fraction",
    "about",
)  # nobody counts so: only a rate may be reported so
OTHER_LANGUAGE = ("commas", "point", "point and zero")


def write_workbook(rows: list[list[str]]) -> bytes:
    """All cells are text, as in a template."""
    book = openpyxl.Workbook()
    for row in [HEADINGS, *rows]:
        book.active.append(row)
    return save(book)


def write_typed_workbook(rows: list[list[str]]) -> bytes:
    """Cells of no format: a spreadsheet with Vietnamese settings makes numbers of what it takes for them."""
    book = openpyxl.Workbook()
    for row in [HEADINGS, *rows]:
        book.active.append(row)
    for cells in book.active.iter_rows(min_row=2, min_col=4, max_col=5):
        for cell in cells:
            text = str(cell.value).strip()
            number = text.removesuffix("%").strip().replace(".", "").replace(",", ".")
            is_grouped = all(len(part) == 3 for part in text.partition(",")[0].split(".")[1:])
            if number.replace(".", "", 1).isdecimal() and number.isascii() and is_grouped:
                is_percent = text.endswith("%")
                cell.value = float(Decimal(number) / (100 if is_percent else 1))
                cell.number_format = "0.00%" if is_percent else "General"
    return save(book)


def save(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def write_text(rows: list[list[str]], delimiter: str, encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADINGS, *rows])
    return text.getvalue().encode(encoding)


FILES: dict[str, Callable[[list[list[str]]], bytes]] = {
    "chữ.xlsx": write_workbook,
    "gõ.xlsx": write_typed_workbook,
    "chấm phẩy.csv": lambda rows: write_text(rows, ";", "utf-8-sig"),
    "phẩy.csv": lambda rows: write_text(rows, ",", "utf-8"),
    "unicode.txt": lambda rows: write_text(rows, "\t", "utf-16"),
}


@pytest.fixture(scope="module")
def login(cluster: Database) -> Iterator[Login]:
    """A warehouse with an indicator of each kind and many agencies."""
    with open_warehouse(cluster, "typed_numbers") as own:
        with psycopg.connect(own.conninfo()) as connection:
            parameters = {"province": "H58", "source": "returns"}
            agencies: list[dict[str, str | None]] = [
                {"agency_code": f"H58.{n}", "level": "commune", "valid_to": None} for n in range(MAX_ROWS)
            ]
            fill_table(connection, "core.agency_catalog", agencies, parameters)
            indicators: list[dict[str, str | None]] = [
                {"indicator_code": counts, "counts": counts, "levels": "{commune}", "set_code": None, "valid_to": None,
                 "roll_up": "own", "is_share": "true", "source": "returns"}
                for counts in COUNTS
            ]  # fmt: skip
            fill_table(connection, "mart.indicator", indicators, parameters)
        yield own


@st.composite
def draw_numbers(draw: st.DrawFn) -> list[tuple[str, Decimal]]:
    """Kinds of count, each with a number of it: whole things have no decimals, rates are below 100."""
    whole = st.integers(0, 10**7).map(Decimal)
    amount = st.decimals(0, 10**7, places=3)
    rate = st.decimals(0, 100, places=2)
    kinds = {"whole": whole, "rate": rate, "amount": amount}
    return [(counts, draw(kinds[counts])) for counts in COUNTS for _ in range(4)]


def may_be_typed(spelling: str, counts: str, file: str) -> bool:
    """Whether the rules know that the spelling is another language's: see the module.

    A spreadsheet shows at once what it makes of what is typed into it.
    """
    return spelling not in OTHER_LANGUAGE or (file != "gõ.xlsx" and (counts == "whole" or file == "phẩy.csv"))


Typed = dict[tuple[UUID, str], tuple[str, str, Decimal, str]]


def archive_files(folder: Path, numbers: list[tuple[str, Decimal]]) -> tuple[list[Load], Typed]:
    """A file of each kind with every number in every spelling; load id and agency → file, spelling, number, counts."""
    archive = Archive(folder, "returns", "H58")
    typed: Typed = {}
    loads = []
    for name, write in FILES.items():
        rows, meant = [], []
        for counts, number in numbers:
            for spelling, spell in SPELLINGS.items():
                if may_be_typed(spelling, counts, name):
                    agency = f"H58.{len(rows)}"
                    rows.append([counts, agency, "2024-Q4", spell(number), "100", "BC"])
                    meant.append((agency, (spelling, number, counts)))
        content = write(rows)
        key = hashlib.sha256(content).hexdigest()
        path = folder / f"{key[:8]}-{name}"
        path.write_bytes(content)
        filed = FileScope("return", key, DAY, str(path))
        load = Load(
            "returns", filed, archive_file(archive, filed, InboxFile(DiskInbox(folder), path.name, len(content), key))
        )
        loads.append(load)
        typed |= {(load.load_id, agency): (path.name, *what) for agency, what in meant}
    return loads, typed


def publish_loads(login: Login, loads: list[Load]) -> tuple[dict[Any, Decimal], dict[Any, list[str]]]:
    """Stage, audit and publish; load id and agency → the published numerator, and → the rules of a quarantined row."""
    with connect(login) as connection:
        for load in loads:
            assert stage(connection, PROFILE, load, "H58") > 0
        audit(connection, login, PROFILE, loads, "run")
        for load in loads:
            assert publish(connection, PROFILE, load, "run").status == "published"
        values = connection.execute("select load_id, agency_code, numerator from core.return_value").fetchall()
        rejected = connection.execute("select load_id, payload ->> 'agency_code', rules from ops.quarantine").fetchall()
    return {tuple(key): number for *key, number in values}, {tuple(key): rules for *key, rules in rejected}


# An example takes seconds, so that hypothesis doesn't shrink a failing one: its message names the value.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(numbers=draw_numbers())
def test_number_is_in_the_warehouse_as_typed_or_its_row_is_quarantined(
    login: Login, tmp_path: Path, numbers: list[tuple[str, Decimal]]
) -> None:
    loads, typed = archive_files(tmp_path, numbers)
    values, quarantined = publish_loads(login, loads)
    for key, (name, spelling, number, counts) in typed.items():
        published, rules = values.get(key), quarantined.get(key)
        written = SPELLINGS[spelling](number)
        case = f"{spelling} {written!r} of {counts} in {name}: published as {published}, rules {rules}"
        assert (published is None) == bool(rules), case
        is_meant = counts == "rate" or spelling not in NO_COUNT
        assert published in ((None, number) if is_meant else (None,)), case
        if spelling == "plain" and not name.endswith("-phẩy.csv"):
            assert published == number, case
