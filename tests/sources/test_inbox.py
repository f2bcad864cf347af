"""The inbox: its files, complete and whose they are, on a disk and in an object store."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from upath import UPath

from cchc.calendar import LOCAL
from cchc.settings import SOURCES
from cchc.sources.inbox import InboxFile, alternate_senders, choose_filing_day, list_files, recognise, select_complete
from cchc.sources.inbox_store import DiskInbox, Entry, StoredFile, read_time
from cchc.sources.profile import read_profile
from cchc.spreadsheets import workbook
from tests.sources.opened_inbox import open_inbox
from tests.spreadsheets.hostile_workbooks import REJECTED, WANTED, good, write_workbook

MAX_BYTES = 1_000
KINDS = {"treasury": read_profile(SOURCES / "treasury.yaml").sheet_fields(), "returns": WANTED}


@pytest.fixture(params=["disk", "object store"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "disk":
        yield tmp_path
    else:
        folder = UPath(f"memory://inbox-{tmp_path.name}")
        folder.mkdir(parents=True)
        yield folder
        folder.fs.rm(folder.path, recursive=True)


def list_all(folder: Any) -> list[InboxFile]:
    return list_files(open_inbox(folder), MAX_BYTES)


def put(inbox: Any, name: str, content: bytes = b"x") -> None:
    path = inbox.joinpath(*name.split("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.write(content)


def test_files_of_all_senders_are_listed_by_name(inbox: Any) -> None:
    for name in ["so-tu-phap/quy-1/bc.xlsx", "b.csv", "huyen/Báo cáo.xlsx"]:
        put(inbox, name, name.encode())
    files = list_all(inbox)
    assert [file.name for file in files] == ["b.csv", "huyen/Báo cáo.xlsx", "so-tu-phap/quy-1/bc.xlsx"]
    for file in files:
        assert (file.read(), file.size) == (file.name.encode(), len(file.name.encode()))
        assert file.sha256 == hashlib.sha256(file.name.encode()).hexdigest()


@pytest.mark.parametrize(
    "name",
    ["~$bc.xlsx", ".bc.xlsx.partial", "so/.git/config", "so/tra-lai/bc.tra-lai.xlsx", "Thumbs.db", "TRA-LAI/x.csv"],
)
def test_file_that_no_sender_sent_is_not_listed(inbox: Any, name: str) -> None:
    put(inbox, name)
    assert list_all(inbox) == []


def test_file_too_large_is_listed_unread(inbox: Any) -> None:
    put(inbox, "bc.xlsx", bytes(MAX_BYTES + 1))
    put(inbox, "vua.xlsx", bytes(MAX_BYTES))
    assert [(file.size, file.sha256 is None) for file in list_all(inbox)] == [(1_001, True), (1_000, False)]


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "bc.csv").symlink_to(tmp_path / "secret")
    (inbox / "loop").symlink_to(inbox)
    assert list_all(inbox) == []


class Disturbed(DiskInbox):
    """A disk on which something happens when a name is read or listed."""

    def __init__(self, root: Path, disturb: Callable[[str], None]) -> None:
        super().__init__(root)
        object.__setattr__(self, "disturb", disturb)

    def list_folder(self, folder: str) -> list[Entry]:
        self.disturb(folder)
        return super().list_folder(folder)

    def read(self, name: str, largest_bytes: int) -> StoredFile:
        self.disturb(name)
        return super().read(name, largest_bytes)


def test_file_that_vanishes_is_left_for_the_next_run(tmp_path: Path) -> None:
    put(tmp_path, "a.csv")
    put(tmp_path, "b.csv")
    inbox = Disturbed(tmp_path, lambda name: (tmp_path / "a.csv").unlink() if name == "a.csv" else None)
    assert [file.name for file in list_files(inbox, MAX_BYTES)] == ["b.csv"]


def deny(names: Collection[str]) -> Callable[[str], None]:
    """Deny access to names as the system does, to whoever isn't root."""

    def deny_one(name: str) -> None:
        if name in names:
            raise PermissionError(name)

    return deny_one


def test_file_that_cannot_be_read_or_named_stops_no_other(tmp_path: Path) -> None:
    put(tmp_path, "a.csv")
    put(tmp_path, "closed/b.csv")
    put(tmp_path, "c.csv")
    (tmp_path / b"b\xe1o.csv".decode(errors="surrogateescape")).write_bytes(b"x")
    inbox = Disturbed(tmp_path, deny(["a.csv", "closed"]))
    assert [file.name for file in list_files(inbox, MAX_BYTES)] == ["c.csv"]


NOW = datetime(2024, 6, 30, 21, tzinfo=UTC)


def change(path: Path, content: bytes, seconds_ago: float) -> None:
    """Write a file whose modification time lies so long before NOW."""
    path.write_bytes(content)
    changed_at = (NOW - timedelta(seconds=seconds_ago)).timestamp()
    os.utime(path, (changed_at, changed_at))


def complete_files(
    folder: Path | DiskInbox, meanwhile: Callable[[], None] = lambda: None
) -> tuple[list[InboxFile], list[float]]:
    """The complete files of a folder, and the waits in seconds; ``meanwhile`` is called during each wait."""
    inbox = DiskInbox(folder) if isinstance(folder, Path) else folder
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        meanwhile()

    return select_complete(list_files(inbox, MAX_BYTES), MAX_BYTES, read_clock=lambda: NOW, wait=wait), waits


def test_file_has_its_modification_time_where_the_store_keeps_one(inbox: Any) -> None:
    put(inbox, "a.csv")
    (file,) = list_all(inbox)
    if isinstance(inbox, Path):
        change(inbox / "a.csv", b"x", 0.25)
        (file,) = list_all(inbox)
        assert file.modified_at == NOW - timedelta(seconds=0.25)
    else:
        assert file.modified_at is None


@pytest.mark.parametrize("stored", [1e20, -1e20, float("nan"), 0, None])
def test_modification_time_that_is_no_time_is_none(stored: object) -> None:
    assert read_time(stored) is None


@pytest.mark.parametrize("stored", [NOW, NOW.replace(tzinfo=None), NOW.astimezone(LOCAL), NOW.timestamp()])
def test_modification_time_is_read_in_each_form_of_a_store(stored: object) -> None:
    assert read_time(stored) == NOW


def test_files_that_have_not_changed_for_ten_seconds_are_complete_at_once(tmp_path: Path) -> None:
    change(tmp_path / "a.csv", b"58;604", 10)
    files, waits = complete_files(tmp_path)
    assert ([file.name for file in files], waits) == (["a.csv"], [])


def test_files_of_a_store_without_modification_times_are_complete_at_once() -> None:
    file = InboxFile(DiskInbox(Path()), "a.csv", 1, "00")
    assert select_complete([file], MAX_BYTES, wait=pytest.fail) == [file]


@pytest.mark.parametrize("seconds_ago", [3, -3600])
def test_recent_file_that_no_longer_changes_is_complete_after_the_wait(tmp_path: Path, seconds_ago: float) -> None:
    change(tmp_path / "a.csv", b"58;604", seconds_ago)
    files, waits = complete_files(tmp_path)
    assert [file.name for file in files] == ["a.csv"]
    assert waits == [min(10, 10 - seconds_ago)]  # a clock that is ahead: ten seconds, not an hour


def test_recent_files_share_one_wait(tmp_path: Path) -> None:
    for number in range(5):
        change(tmp_path / f"{number}.csv", b"x", 2 * number)
    files, waits = complete_files(tmp_path)
    assert ([file.name for file in files], waits) == ([f"{number}.csv" for number in range(5)], [10])


@pytest.mark.parametrize("seconds_ago", [1, -3600], ids=["clocks agree", "the file server's clock is ahead"])
@pytest.mark.parametrize(
    ("content", "later"),
    [(b"58;604", 0), (b"58;60", -9), (b"58;61", 0)],
    ids=["more bytes", "the same bytes written again", "other bytes of the same size and time"],
)
def test_file_that_still_changes_waits_for_the_next_run_and_the_log_names_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes, later: float, seconds_ago: float
) -> None:
    change(tmp_path / "half.csv", b"58;60", seconds_ago)
    change(tmp_path / "whole.csv", b"1;2", seconds_ago)
    with caplog.at_level(logging.WARNING):
        files, _ = complete_files(tmp_path, lambda: change(tmp_path / "half.csv", content, seconds_ago + later))
    assert [file.name for file in files] == ["whole.csv"]
    assert [message.partition(":")[0] for message in caplog.messages] == ["half.csv"]


def test_file_that_begins_to_be_written_while_it_is_read_is_recent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(tmp_path / "a.csv", b"58;60", 3600)
    described = os.fstat
    looks: list[int] = []

    def describe_and_write(file: int) -> os.stat_result:
        looks.append(file)
        if len(looks) == 2:
            change(tmp_path / "a.csv", b"58;60", 0)
        return described(file)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", describe_and_write)
        files = list_all(tmp_path)
    assert [file.modified_at for file in files] == [NOW]


def test_file_that_vanishes_or_is_closed_between_the_looks_waits_for_the_next_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("closed.csv", "gone.csv", "there.csv"):
        change(tmp_path / name, b"x", 1)
    closed: list[str] = []

    def take_away() -> None:
        (tmp_path / "gone.csv").unlink()
        closed.append("closed.csv")

    inbox = Disturbed(tmp_path, deny(closed))
    with caplog.at_level(logging.WARNING):
        files, _ = complete_files(inbox, take_away)
    assert [file.name for file in files] == ["there.csv"]
    assert [message.partition(":")[0] for message in caplog.messages] == ["closed.csv", "gone.csv"]


def test_file_that_has_changed_since_it_was_listed_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", b"58;604")
    (file,) = list_all(tmp_path)
    put(tmp_path, "a.csv", b"58;605")
    with pytest.raises(OSError, match=r"a\.csv has changed since it was listed"):
        file.read()


def send(*names: str) -> list[InboxFile]:
    return [InboxFile(DiskInbox(Path()), name, 1, "00") for name in names]


def test_rounds_alternate_the_senders() -> None:
    flood = [f"H58.40/{number}/bc.csv" for number in range(5)]
    rounds = alternate_senders(send("root.csv", *flood, "H58.31/a.csv", "H58.31/b.csv"))
    assert [file.sender for file in rounds] == ["", "H58.31", "H58.40", "H58.31", *["H58.40"] * 4]
    assert [file.name for file in rounds if file.sender == "H58.40"] == flood


JUNE = [date(2024, 6, day) for day in range(1, 31)]


@pytest.mark.parametrize(
    ("day", "archived", "filed_on"),
    [
        (JUNE[20], [], JUNE[20]),
        (JUNE[20], [JUNE[19], JUNE[20]], JUNE[20]),
        (JUNE[10], [JUNE[20]], JUNE[21]),  # an old day run again: the next run to come
        (JUNE[10], [JUNE[20], JUNE[21]], JUNE[21]),  # and once more: the same
        (JUNE[10], [JUNE[15]], JUNE[16]),  # no new files for days
        (JUNE[20], [JUNE[21]], JUNE[21]),  # the day after an old day archived something
        (JUNE[20], [date(2042, 12, 31)], JUNE[20]),  # a mistyped year moves nothing
        (JUNE[10], [JUNE[20], date(2042, 12, 31)], JUNE[21]),
    ],
)
def test_new_file_is_filed_under_the_day_of_the_run_or_of_the_next_one(
    day: date, archived: list[date], filed_on: date
) -> None:
    assert choose_filing_day(day, archived, complete=JUNE[20]) == filed_on


def test_old_day_run_again_and_again_files_under_one_day() -> None:
    archived = [JUNE[20]]
    for _ in range(5):
        archived.append(choose_filing_day(JUNE[10], archived, complete=JUNE[20]))
    assert set(archived) == {JUNE[20], JUNE[21]}


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
    assert recognise(REJECTED[name][0](), "bc.xlsx", KINDS) is None


def test_file_without_known_headings_is_nobodys() -> None:
    assert recognise(write_workbook([["Họ tên", "Số"], ["A", 1]]), "bc.xlsx", KINDS) is None
