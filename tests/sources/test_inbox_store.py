"""Stores of the inbox under hostile hands: names of every kind, and what is put in the place of what was listed."""

from __future__ import annotations

import errno
import logging
import os
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from upath import UPath

from cchc.presentation.receipt import make_receipt
from cchc.sources.fetching import archive_file
from cchc.sources.inbox import InboxFile, list_files
from cchc.sources.inbox_store import DiskInbox, ObjectInbox, find_disk_folder
from cchc.sources.raw_archive import Archive
from cchc.sources.rejection_filing import file_rejection_reports, file_report
from cchc.sources.window import FileScope
from cchc.spreadsheets.rejection_report import SentFile
from tests.spreadsheets.hostile_workbooks import WANTED

MAX_BYTES = 1_000
DAY = date(2024, 6, 30)
NAMES = [
    "a::b.csv",
    "bc::x.csv",
    "file::s3://bucket/x.csv".replace("/", "∕"),
    "báo\ncáo.csv",
    "a\rb\tc\x1b[31m.csv",
    "quý\u202evsc.1",
    "%0a.csv",
    "a#b?c=d&e.csv",
    "-rf.csv",
    "--help",
    "a. ",
    "a.csv.",
    " .csv",
    "a\\b.csv",
    "$(id) `id` \"'.csv",
    "[a]*{b}.csv",
    unicodedata.normalize("NFD", "Báo cáo quý Một.csv"),
    "ế" * 80 + ".csv",
    "x" * 255,
    "CON",
    "😀.csv",
]


def put(folder: Path, name: str, content: bytes = b"x") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_file_of_any_name_is_archived_and_gets_reports(tmp_path: Path, name: str) -> None:
    put(tmp_path / "inbox", f"H58.40/{name}", b"1;2")
    put(tmp_path / "inbox", "H58.31/a.csv", b"3;4")
    inbox = DiskInbox(tmp_path / "inbox")
    other, file = list_files(inbox, MAX_BYTES)
    assert (other.name, file.name, file.sender) == ("H58.31/a.csv", f"H58.40/{name}", "H58.40")
    filed = FileScope("return", file.sha256 or "", DAY, file.address)
    assert filed.label.isprintable()
    capture = archive_file(Archive(tmp_path / "archive", "returns", "H58"), filed, file)
    assert (capture.read_bodies(), capture.pages[0].request["file"]) == ([b"1;2"], file.name)
    sent = SentFile(file.name, filed.key, b"1;2")
    (note,) = file_rejection_reports(inbox, sent, WANTED, {}, ["no_known_sheet"])
    receipt = make_receipt(sent, ["Một."])
    assert receipt
    receipt_address = file_report(inbox, sent, receipt)
    written = {path.name for path in (tmp_path / "inbox/H58.40/tra-lai").iterdir()}
    assert written == {address.rpartition("/")[2] for address in (note, receipt_address)}
    assert list_files(inbox, MAX_BYTES) == [other, file]


def test_names_in_an_object_store_are_listed_or_skipped_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    root = UPath(f"memory://inbox-{uuid4().hex}")
    root.mkdir(parents=True)
    passed_by = [name for name in NAMES if "::" in name]
    for name in NAMES:
        with root.fs.open(f"{root.path}/H58.40/{name}", "wb") as stream:
            stream.write(b"x")
    with root.fs.open(f"{root.path}/bc::y/a.csv", "wb") as stream:
        stream.write(b"x")
    with caplog.at_level(logging.WARNING):
        files = list_files(ObjectInbox(root), MAX_BYTES)
    root.fs.rm(root.path, recursive=True)
    assert {file.name for file in files} == {f"H58.40/{name}" for name in NAMES if name not in passed_by}
    assert len(caplog.messages) == len(passed_by) + 1
    assert all("ask its sender to rename it" in message for message in caplog.messages)


def put_link(path: Path, target: Path) -> None:
    path.symlink_to(target)


def put_pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


def put_folder(path: Path, _: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("put_instead", [put_link, put_pipe, put_folder])
def test_pipe_or_link_in_place_of_a_listed_file_is_neither_read_nor_waited_for(
    tmp_path: Path, put_instead: Callable[[Path, Path], None]
) -> None:
    secret = put(tmp_path, "secret", b"1;2")
    path = put(tmp_path / "inbox", "H58.40/a.csv", b"1;2")
    (file,) = list_files(DiskInbox(tmp_path / "inbox"), MAX_BYTES)
    path.unlink()
    put_instead(path, secret)
    with pytest.raises(OSError, match=r"no file|Is a directory"):
        file.read()
    assert list_files(DiskInbox(tmp_path / "inbox"), MAX_BYTES) == []


def test_link_put_there_at_the_last_moment_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at a name and its opening: the opening itself refuses."""
    secret = put(tmp_path, "secret", b"theirs")
    path = put(tmp_path / "inbox", "a.csv")
    looked = os.stat

    def look_and_swap(name: Any, **options: Any) -> os.stat_result:
        found = looked(name, **options)
        if name == "a.csv":
            path.unlink()
            path.symlink_to(secret)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", look_and_swap)
        with pytest.raises(OSError) as caught:  # noqa: PT011 - known by its number
            DiskInbox(tmp_path / "inbox").read("a.csv", MAX_BYTES)
    assert caught.value.errno == errno.ELOOP


@pytest.mark.parametrize("linked", ["H58.40", "H58.40/quy-1", "H58.40/quy-1/tra-lai"])
def test_nothing_is_read_or_written_through_a_folder_that_became_a_link(tmp_path: Path, linked: str) -> None:
    put(tmp_path / "inbox", "H58.40/quy-1/a.csv")
    inbox = DiskInbox(tmp_path / "inbox")
    (file,) = list_files(inbox, MAX_BYTES)
    place, elsewhere = tmp_path / "inbox" / linked, tmp_path / "elsewhere"
    (elsewhere / "quy-1").mkdir(parents=True)
    put(elsewhere, "quy-1/a.csv")
    if place.exists():
        place.rename(tmp_path / "moved")
    place.symlink_to(elsewhere)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OSError, match="is a link or no folder"):
        file_rejection_reports(inbox, SentFile(file.name, "ab" * 32, b"x"), WANTED, {}, ["no_known_sheet"])
    if not linked.endswith("tra-lai"):
        with pytest.raises(OSError, match="is a link or no folder"):
            file.read()
    assert sorted(tmp_path.rglob("*")) == before


def test_link_in_place_of_a_report_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    victim = put(tmp_path, "victim", b"theirs")
    inbox = DiskInbox(tmp_path / "inbox")
    put(tmp_path / "inbox", "tra-lai/x.txt").unlink()
    (tmp_path / "inbox/tra-lai/x.txt").symlink_to(victim)
    inbox.write("tra-lai", "x.txt", b"ours")
    assert (victim.read_bytes(), (tmp_path / "inbox/tra-lai/x.txt").read_bytes()) == (b"theirs", b"ours")
    assert not (tmp_path / "inbox/tra-lai/x.txt").is_symlink()


def test_folder_in_place_of_a_report_is_an_error_and_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "tra-lai/x.txt/y").mkdir(parents=True)
    with pytest.raises(OSError, match=r"x\.txt"):
        DiskInbox(tmp_path).write("tra-lai", "x.txt", b"ours")
    assert [path.name for path in (tmp_path / "tra-lai").iterdir()] == ["x.txt"]


@pytest.mark.parametrize("folder", ["..", "a/../..", "a//b", "."])
def test_path_that_leaves_the_inbox_is_an_error(tmp_path: Path, folder: str) -> None:
    (tmp_path / "inbox/a").mkdir(parents=True)
    inbox = DiskInbox(tmp_path / "inbox")
    with pytest.raises(OSError, match="names no folder of the inbox"):
        inbox.write(folder, "x.txt", b"x")
    with pytest.raises(OSError, match="names no folder of the inbox"):
        inbox.read(f"{folder}/x.txt", MAX_BYTES)


def test_file_that_grows_while_it_is_read_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a.csv", bytes(MAX_BYTES))
    described = os.fstat

    def describe_and_grow(file: int) -> os.stat_result:
        found = described(file)
        with path.open("ab") as stream:
            stream.write(bytes(MAX_BYTES))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", describe_and_grow)
        stored = DiskInbox(tmp_path).read("a.csv", MAX_BYTES)
    assert stored.content is None
    assert stored.size > MAX_BYTES


def test_files_and_folders_are_closed_again(tmp_path: Path) -> None:
    put(tmp_path, "H58.40/quy-1/a.csv")
    (tmp_path / "H58.41").symlink_to(tmp_path)
    inbox = DiskInbox(tmp_path)

    def count_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count_open()
    for _ in range(20):
        list_files(inbox, MAX_BYTES)
        inbox.write("H58.40/tra-lai", "x", b"x")
        with pytest.raises(OSError, match="link"):
            inbox.write("H58.41", "x", b"x")
    assert count_open() < before + 20


@pytest.mark.parametrize("home", ["home", "my home", "100%", "a%20b", "a#b?c", "quý"])
def test_folder_of_a_file_url_is_found_encoded_or_not(tmp_path: Path, home: str) -> None:
    (tmp_path / home).mkdir()
    assert find_disk_folder((tmp_path / home).as_uri()) == tmp_path / home
    if "%20" not in home:
        assert find_disk_folder(f"file://{tmp_path / home}") == tmp_path / home


@pytest.mark.parametrize("url", ["s3://inbox", "memory://inbox", "file://inbox", "file://"])
def test_other_urls_name_no_folder_of_a_disk(url: str) -> None:
    assert find_disk_folder(url) is None


def test_modification_time_of_a_file_comes_from_the_disk(tmp_path: Path) -> None:
    changed_at = datetime(2024, 6, 30, 3, tzinfo=UTC)
    os.utime(put(tmp_path, "a.csv"), (changed_at.timestamp(),) * 2)
    assert list_files(DiskInbox(tmp_path), MAX_BYTES)[0].modified_at == changed_at


def test_file_of_no_folder_has_no_sender() -> None:
    assert InboxFile(DiskInbox(Path()), "a.csv", 1, None).sender == ""
