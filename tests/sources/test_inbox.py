"""The inbox: what senders have put there and nothing else, on a disk and in an object store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from upath import UPath

from cchc.settings import SOURCES
from cchc.sources import workbook
from cchc.sources.files import list_wanted
from cchc.sources.inbox import list_files, recognise
from cchc.sources.profile import read_profile
from tests.sources.hostile_workbooks import REFUSED, WANTED, good, write_workbook

LARGEST = 1_000
KINDS = {"treasury": list_wanted(read_profile(SOURCES / "treasury.yaml")), "returns": WANTED}


@pytest.fixture(params=["disk", "object store"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "disk":
        yield tmp_path
    else:
        folder = UPath(f"memory://inbox-{tmp_path.name}")
        folder.mkdir(parents=True)
        yield folder
        folder.fs.rm(folder.path, recursive=True)


def put(inbox: Any, name: str, content: bytes = b"x") -> None:
    path = inbox.joinpath(*name.split("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.write(content)


def test_files_of_all_senders_are_listed_by_name(inbox: Any) -> None:
    for name in ["so-tu-phap/quy-1/bc.xlsx", "b.csv", "huyen/Báo cáo.xlsx"]:
        put(inbox, name, name.encode())
    files = list_files(inbox, LARGEST)
    assert [file.name for file in files] == ["b.csv", "huyen/Báo cáo.xlsx", "so-tu-phap/quy-1/bc.xlsx"]
    for file in files:
        assert (file.read(), file.size) == (file.name.encode(), len(file.name.encode()))
        assert file.sha256 == hashlib.sha256(file.name.encode()).hexdigest()


@pytest.mark.parametrize(
    "name",
    ["~$bc.xlsx", ".bc.xlsx.partial", "so/.git/config", "so/tra-lai/bc.tra-lai.xlsx", "Thumbs.db", "TRA-LAI/x.csv"],
)
def test_what_nobody_has_sent_is_not_listed(inbox: Any, name: str) -> None:
    put(inbox, name)
    assert list_files(inbox, LARGEST) == []


def test_file_too_large_is_listed_unread(inbox: Any) -> None:
    put(inbox, "bc.xlsx", bytes(LARGEST + 1))
    put(inbox, "vua.xlsx", bytes(LARGEST))
    assert [(file.size, file.sha256 is None) for file in list_files(inbox, LARGEST)] == [(1_001, True), (1_000, False)]


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "bc.csv").symlink_to(tmp_path / "secret")
    (inbox / "loop").symlink_to(inbox)
    assert list_files(inbox, LARGEST) == []


def test_file_that_vanishes_is_left_for_the_next_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.csv")
    put(tmp_path, "b.csv")
    opened = Path.open

    def open_or_miss(path: Path, *args: Any) -> Any:
        if path.name == "a.csv":
            path.unlink()
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", open_or_miss)
    assert [file.name for file in list_files(tmp_path, LARGEST)] == ["b.csv"]


def test_what_cannot_be_read_or_named_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.csv")
    put(tmp_path, "closed/b.csv")
    put(tmp_path, "c.csv")
    (tmp_path / b"b\xe1o.csv".decode(errors="surrogateescape")).write_bytes(b"x")
    opened, listed = Path.open, Path.iterdir

    def refuse(path: Path) -> None:
        if path.name in ("a.csv", "closed"):  # as the system does, to whoever isn't root
            raise PermissionError(path)

    monkeypatch.setattr(Path, "open", lambda path, *args: (refuse(path), opened(path, *args))[1])
    monkeypatch.setattr(Path, "iterdir", lambda path: (refuse(path), listed(path))[1])
    assert [file.name for file in list_files(tmp_path, LARGEST)] == ["c.csv"]


def test_file_belongs_to_the_source_whose_headings_it_has() -> None:
    treasury = write_workbook([list(KINDS["treasury"]["treasury"])], sheet="Sheet1")
    assert recognise(treasury, "kb.xlsx", KINDS) == "treasury"
    assert recognise(";".join(KINDS["treasury"]["treasury"]).encode(), "kb.csv", KINDS) == "treasury"
    assert recognise(good(), "bc.xlsx", KINDS) == "returns"


def test_file_of_two_sources_belongs_to_the_first_and_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    content = write_workbook([list(WANTED["ChiTieu"]), list(KINDS["treasury"]["treasury"])], sheet="Sheet1")
    opened = Mock(wraps=workbook.open_sheets)
    monkeypatch.setattr(workbook, "open_sheets", opened)
    assert recognise(content, "bc.xlsx", KINDS) == "treasury"
    assert recognise(content, "bc.xlsx", dict(reversed(KINDS.items()))) == "returns"
    assert opened.call_count == 2


def test_file_with_a_heading_twice_is_left_to_the_others() -> None:
    headings = list(KINDS["treasury"]["treasury"])
    assert recognise(write_workbook([[*headings, headings[0]]], sheet="Sheet1"), "kb.xlsx", KINDS) is None


@pytest.mark.parametrize("name", ["locked", "macro", "cut_short", "damaged", "web_page", "entity_bomb", "zeros_200_mb"])
def test_file_that_cannot_be_opened_is_nobodys(name: str) -> None:
    assert recognise(REFUSED[name][0](), "bc.xlsx", KINDS) is None


def test_file_without_known_headings_is_nobodys() -> None:
    assert recognise(write_workbook([["Họ tên", "Số"], ["A", 1]]), "bc.xlsx", KINDS) is None
