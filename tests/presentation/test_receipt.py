"""Receipts: notes to the sender of a file that another file has replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cchc.presentation.receipt import Replacement, compose_receipt, describe_replacement, make_receipt
from cchc.sources.inbox_store import DiskInbox, InboxStore
from cchc.sources.rejection_filing import file_report
from cchc.spreadsheets.rejection_report import SentFile
from tests.sources.opened_inbox import find_written

FILE = SentFile("H58.31/Báo cáo quý I.xlsx", "1234abcd" + 56 * "0", b"")
SAVED_AT = datetime(2024, 6, 30, 1, 2, 3, tzinfo=UTC)


def file_receipt(inbox: InboxStore, *notes: str) -> str:
    receipt = make_receipt(FILE, notes)
    assert receipt is not None
    return file_report(inbox, FILE, receipt)


def replace_keys(*keys: str, source: str = "returns", later: timedelta = timedelta(hours=1)) -> str:
    return describe_replacement(Replacement(source, keys, SAVED_AT, "H58.31/sửa lần 2.xlsx", SAVED_AT + later))


def test_receipt_names_the_file_and_holds_every_note() -> None:
    assert compose_receipt(FILE, ["Một.", "Hai:\n- ba"]) == (
        "Tệp Báo cáo quý I.xlsx đã được nhận (mã nhận dạng 1234abcd).\r\n\r\nMột.\r\n\r\nHai:\r\n- ba\r\n"
    )


def test_replacement_lists_keys_newer_file_and_advice() -> None:
    assert replace_keys("II.2-3 H58.31 2024-03-31", "PL.I.1 H58.31").splitlines() == [
        "2 số liệu của tệp này không được dùng.",
        "Tệp H58.31/sửa lần 2.xlsx nhận cùng ngày cũng có các số liệu đó.",
        "Tệp lưu sau được dùng: tệp đó lưu lúc 09:02:03 ngày 30/06/2024, tệp này lưu lúc 08:02:03 ngày 30/06/2024.",
        "Các số liệu đó (mã chỉ tiêu hoặc mã nhiệm vụ, mã đơn vị, ngày cuối kỳ báo cáo):",
        "- II.2-3, H58.31, 31/03/2024",
        "- PL.I.1, H58.31",
        "Nếu không đúng ý người gửi: sửa tệp này, lưu lại và nộp lại. Tệp nộp sau sẽ được dùng.",
    ]


def test_replacement_of_a_treasury_export_names_the_parts_of_its_keys() -> None:
    lines = replace_keys("2024 2024-06-30 7412345 41 TTG", source="treasury").splitlines()
    assert lines[3:5] == [
        "Các số liệu đó (niên độ, ngày kết sổ, mã dự án, mã nguồn vốn, loại kế hoạch):",
        "- 2024, 30/06/2024, 7412345, 41, TTG",
    ]


def test_replacement_of_files_of_one_moment_names_the_hash() -> None:
    lines = replace_keys("II.2-3 H58.31 2024-03-31", later=timedelta()).splitlines()
    assert lines[2] == "Hai tệp cùng được lưu lúc 08:02:03 ngày 30/06/2024, nên hệ thống chọn theo mã nhận dạng."


@pytest.mark.parametrize(("count", "named", "rest"), [(20, 20, []), (23, 20, ["- và 3 số liệu khác"])])
def test_replacement_names_twenty_keys(count: int, named: int, rest: list[str]) -> None:
    lines = replace_keys(*(f"II.2-3 H58.31.{number:02} 2024-03-31" for number in range(count))).splitlines()
    assert sum(line.startswith("- II.2-3") for line in lines) == named
    assert [line for line in lines if line.startswith("- và")] == rest
    assert lines[0].startswith(f"{count} số liệu")


def test_receipt_lies_beside_the_file_and_filed_again_is_the_same_file(tmp_path: Path) -> None:
    inbox = DiskInbox(tmp_path)
    path = find_written(tmp_path, file_receipt(inbox, "Một."))
    assert path == tmp_path / "H58.31" / "tra-lai" / "Báo cáo quý I.1234abcd.bien-nhan.txt"
    content = path.read_bytes()
    assert content.decode("utf-8-sig") == compose_receipt(FILE, ["Một."])
    written_at = path.stat().st_mtime_ns
    assert file_receipt(inbox, "Một.") == inbox.address(str(path.relative_to(tmp_path)))
    assert path.stat().st_mtime_ns == written_at
    file_receipt(inbox, "Hai.")
    assert path.read_bytes().decode("utf-8-sig") == compose_receipt(FILE, ["Hai."])
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_without_notes_there_is_no_receipt() -> None:
    assert make_receipt(FILE, []) is None


def test_receipt_is_not_filed_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "H58.31").mkdir()
    (tmp_path / "H58.31" / "tra-lai").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        file_receipt(DiskInbox(tmp_path), "Một.")
