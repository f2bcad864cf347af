"""The raw archive: what was received comes back to the byte, or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cchc.sources.http import Response
from cchc.sources.raw_archive import Archive, ArchiveError, Capture, read_capture

DAY = date(2024, 6, 29)
NOON = datetime(2024, 6, 30, 5, tzinfo=UTC)
WINDOW = "transparency.2024"


def respond(body: bytes, captured_at: datetime = NOON) -> Response:
    return Response("https://portal.example/x", {"tên": "Tiền Giang"}, 201, "application/json", body, captured_at)


@pytest.fixture
def umask() -> Iterator[None]:
    """The usual one, which lets others read."""
    earlier = os.umask(0o022)
    yield
    os.umask(earlier)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(), min_size=1, max_size=3))
def test_bytes_come_back_as_received(bodies: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder), "national_portal", "H58")
        kept = archive.keep(WINDOW, DAY, [respond(body) for body in bodies])
        found = read_capture(kept.folder)
        assert found == kept
        assert found.read_bodies() == bodies
        assert found.captured_at == NOON
        assert found.data_date == DAY
        assert [page.size for page in found.pages] == [len(body) for body in bodies]
        assert found.pages[0].request == {"tên": "Tiền Giang"}


def test_modification_time_of_a_file_comes_back_to_the_microsecond(archive: Archive) -> None:
    modified_at = datetime(2024, 6, 30, 3, 4, 5, 678901, tzinfo=UTC)
    kept = archive.keep(WINDOW, DAY, [replace(respond(b"58;604"), modified_at=modified_at)])
    assert read_capture(kept.folder).modified_at == modified_at


def test_capture_without_modification_time_has_the_time_of_capture(archive: Archive) -> None:
    folder = archive.keep(WINDOW, DAY, [respond(b"{}")]).folder
    assert read_capture(folder).modified_at == NOON
    manifest = json.loads((folder / "capture.json").read_bytes())
    for page in manifest:  # as earlier versions wrote it
        del page["modified_at"]
    (folder / "capture.json").write_text(json.dumps(manifest))
    assert read_capture(folder).modified_at == NOON


@pytest.mark.usefixtures("umask")
def test_only_the_owner_may_look(archive: Archive) -> None:
    archive.keep(WINDOW, DAY, [respond(b"{}")])
    modes = {path.relative_to(archive.root): stat.S_IMODE(path.stat().st_mode) for path in archive.root.rglob("*")}
    files = {path for path in modes if (archive.root / path).is_file()}
    assert {path.name for path in files} == {"page-001.json.gz", "capture.json"}
    assert {path: oct(mode) for path, mode in modes.items() if mode != (0o600 if path in files else 0o700)} == {}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_changed_byte_is_noticed_unless_it_changes_nothing(data: st.DataObject) -> None:
    body = b'{"code":"OK","data":{"numerator":309542,"denominator":358625}}'
    with tempfile.TemporaryDirectory() as folder:
        capture = Archive(Path(folder), "national_portal", "H58").keep(WINDOW, DAY, [respond(body)])
        file = capture.folder / "page-001.json.gz"
        content = bytearray(file.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        file.write_bytes(content)
        try:
            assert capture.read_bodies() == [body]  # the header holds fields that say nothing of the body
        except ArchiveError as error:
            assert str(file) in str(error)  # noqa: PT017 - either way is right


@pytest.mark.parametrize("keep_bytes", [0, 15, None])
def test_lost_or_shortened_file_is_an_error_that_names_it(archive: Archive, keep_bytes: int | None) -> None:
    capture = archive.keep(WINDOW, DAY, [respond(b"one"), respond(b"two" * 99)])
    file = capture.folder / "page-002.json.gz"
    if keep_bytes is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:keep_bytes])
    with pytest.raises(ArchiveError, match=r"page-002"):
        capture.read_bodies()


def test_another_body_in_its_place_is_an_error(archive: Archive) -> None:
    capture = archive.keep(WINDOW, DAY, [respond(b"one")])
    other = archive.keep(WINDOW, DAY, [respond(b"two")])
    (other.folder / "page-001.json.gz").replace(capture.folder / "page-001.json.gz")
    with pytest.raises(ArchiveError, match="SHA-256"):
        capture.read_bodies()


def test_leftover_of_a_killed_run_is_not_found_and_goes_when_the_source_is_asked_again(archive: Archive) -> None:
    capture = archive.keep(WINDOW, DAY, [respond(b"{}")])
    leftover = capture.folder.with_name(".partial-0123")
    leftover.mkdir()
    (leftover / "page-001.json.gz").write_bytes(b"half")
    assert archive.find(WINDOW, DAY) == [capture]
    archive.discard_drafts(WINDOW)
    assert not leftover.exists()
    assert archive.find(WINDOW, DAY) == [capture]


def reject(archive: Archive, *responses: Response) -> Capture:
    """Archive what is no answer."""
    draft = archive.begin(WINDOW, DAY)
    for response in responses:
        draft.add(response)
    return draft.finish(is_rejected=True)


def test_captures_in_use_are_found_by_time_and_others_are_left_out(archive: Archive) -> None:
    second = archive.keep(WINDOW, DAY, [respond(b"2", NOON + timedelta(hours=2))])
    first = archive.keep(WINDOW, DAY, [respond(b"1", NOON + timedelta(hours=1))])
    rejected = reject(archive, respond(b"0"))
    archive.keep(WINDOW, DAY, [respond(b"3", NOON + timedelta(hours=3))]).set_aside()
    assert archive.find(WINDOW, DAY) == [first, second]
    assert rejected.read_bodies() == [b"0"]


def test_capture_with_a_page_of_a_refusal_is_never_found(archive: Archive) -> None:
    archive.keep(WINDOW, DAY, [respond(b"{}"), replace(respond(b"no"), status=403)])
    assert archive.find(WINDOW, DAY) == []


def test_bytes_that_are_set_aside_twice_are_kept_once(archive: Archive) -> None:
    for _ in range(2):
        archive.keep(WINDOW, DAY, [respond(b"{}")]).set_aside()
    (folder,) = (archive.root / "national_portal" / "H58" / DAY.isoformat() / WINDOW).iterdir()
    assert folder.name.endswith(".withdrawn")
    assert read_capture(folder).read_bodies() == [b"{}"]
    archive.keep(WINDOW, DAY, [respond(b"{}")])
    assert len(archive.find(WINDOW, DAY)) == 1


def test_same_bytes_at_the_same_second_are_kept_once_and_never_written_over(archive: Archive) -> None:
    first = archive.keep(WINDOW, DAY, [respond(b"{}")])
    written = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    assert archive.keep(WINDOW, DAY, [respond(b"{}")]) == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == written
    assert archive.find(WINDOW, DAY) == [first]


def test_anything_else_is_kept_beside_it(archive: Archive) -> None:
    captures = [
        archive.keep(WINDOW, DAY, [respond(b"one")]),
        archive.keep(WINDOW, DAY, [respond(b"other")]),
        archive.keep(WINDOW, DAY, [respond(b"one", NOON + timedelta(seconds=1))]),
        archive.keep(WINDOW, DAY, [respond(b"one"), respond(b"page two")]),
    ]
    assert {capture.folder for capture in archive.find(WINDOW, DAY)} == {capture.folder for capture in captures}
    assert len({capture.folder for capture in captures}) == 4
    assert captures[3].read_bodies() == [b"one", b"page two"]


def test_each_source_province_day_and_window_has_its_own(archive: Archive) -> None:
    capture = archive.keep(WINDOW, DAY, [respond(b"{}")])
    assert archive.find(WINDOW, DAY) == [capture]
    assert archive.find("transparency.2024-06", DAY) == []
    assert archive.find(WINDOW, DAY + timedelta(days=1)) == []
    assert replace(archive, province="H44").find(WINDOW, DAY) == []
    assert replace(archive, source="other_portal").find(WINDOW, DAY) == []


def test_hash_of_several_pages_depends_on_their_order(archive: Archive) -> None:
    one = archive.keep("a", DAY, [respond(b"1"), respond(b"2")])
    two = archive.keep("b", DAY, [respond(b"2"), respond(b"1")])
    assert one.content_sha256 != two.content_sha256


NOTHING_LEFT = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("writes", range(3))
def test_disk_that_fills_up_leaves_nothing_half(archive: Archive, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """One of two pages and a manifest finds no room."""
    synced = iter([None] * writes)

    def sync_or_fail(_: int) -> None:
        if next(synced, NOTHING_LEFT):
            raise NOTHING_LEFT

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", sync_or_fail)
        with pytest.raises(OSError, match="No space left"):
            archive.keep(WINDOW, DAY, [respond(b"1"), respond(b"2")])
    assert archive.find(WINDOW, DAY) == []
    assert [path for path in archive.root.rglob("*") if path.is_file()] == []
    assert archive.keep(WINDOW, DAY, [respond(b"1"), respond(b"2")]).read_bodies() == [b"1", b"2"]


def test_full_disk_keeps_what_was_archived(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        archive = Archive(disk, "national_portal", "H58")
        kept = archive.keep("a", DAY, [respond(b"1")])
        with pytest.raises(OSError, match="No space left"):
            archive.keep("b", DAY, [respond(b"2"), respond(os.urandom(100_000))])
        assert archive.find("a", DAY) == [kept]
        assert kept.read_bodies() == [b"1"]
        assert list(disk.rglob(".*")) == []
        assert archive.keep("b", DAY, [respond(b"2")]).read_bodies() == [b"2"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_folder_of_somebody_else_and_a_manifest_without_pages_stop_nothing(archive: Archive) -> None:
    name = f"return.file-{'0' * 64}"
    capture = archive.keep(name, DAY, [respond(b"1")])
    shutil.copytree(archive.root / "national_portal/H58" / DAY.isoformat(), archive.root / "national_portal/H58/old")
    assert archive.list_files() == [(DAY, name)]
    (capture.folder / "capture.json").write_text("[]")
    with pytest.raises(ArchiveError, match="names no page"):
        archive.find(name, DAY)


def test_file_that_a_killed_run_was_archiving_is_not_archived(archive: Archive) -> None:
    name = f"return.file-{'0' * 64}"
    archive.begin(name, DAY)
    assert archive.list_files() == []
