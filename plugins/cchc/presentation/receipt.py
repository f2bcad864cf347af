"""The receipt of a file: what its sender has to know though nothing was rejected.

It lies beside the rejection report (given_back.py). Whoever has something to say of a file passes another note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from cchc.calendar import LOCAL
from cchc.fields.written_text import make_printable
from cchc.sources.inbox_store import InboxStore
from cchc.spreadsheets.rejection_report import SentFile, find_place

MAX_NAMED_KEYS = 20
# Parts of a key (staging.staged_row.correction_key) by source.
KEY_PARTS_VI = {
    "returns": "mã chỉ tiêu hoặc mã nhiệm vụ, mã đơn vị, ngày cuối kỳ báo cáo",
    "treasury": "niên độ, ngày kết sổ, mã dự án, mã nguồn vốn, loại kế hoạch",
}


@dataclass(frozen=True)
class Replacement:
    """The keys of a file in which another file of the same day counts; both with the time of their last change."""

    source: str
    keys: Sequence[str]
    modified_at: datetime
    newer_name: str
    newer_modified_at: datetime


def write_receipt(inbox: InboxStore, file: SentFile, notes: Sequence[str]) -> str | None:
    """Write ``<name>.<sha8>.bien-nhan.txt`` into ``tra-lai`` beside the file; returns its address, None without notes.

    The receipt is written whole: ``notes`` are all that there is to say.
    """
    if not notes:
        return None
    folder, stem = find_place(file)
    return inbox.write(folder, f"{stem}.bien-nhan.txt", compose_receipt(file, notes).encode("utf-8-sig"))


def compose_receipt(file: SentFile, notes: Sequence[str]) -> str:
    """The text of a receipt: the file, then each note; a note may have several lines."""
    name = make_printable(PurePosixPath(file.name).name)
    lines = [f"Tệp {name} đã được nhận (mã nhận dạng {file.sha256[:8]})."]
    for note in notes:
        lines += ["", *note.splitlines()]
    return "\r\n".join([*lines, ""])


def describe_replacement(replacement: Replacement) -> str:
    """The note for the sender of a file that was replaced: how many keys, which, by which file, what to do."""
    keys = sorted(replacement.keys)
    own, newer = _show_time(replacement.modified_at), _show_time(replacement.newer_modified_at)
    if replacement.newer_modified_at > replacement.modified_at:
        why = f"Tệp lưu sau được dùng: tệp đó lưu lúc {newer}, tệp này lưu lúc {own}."
    else:
        why = f"Hai tệp cùng được lưu lúc {own}, nên hệ thống chọn theo mã nhận dạng."
    parts = KEY_PARTS_VI.get(replacement.source)
    lines = [
        f"{len(keys)} số liệu của tệp này không được dùng.",
        f"Tệp {make_printable(replacement.newer_name)} nhận cùng ngày cũng có các số liệu đó.",
        why,
        f"Các số liệu đó ({parts}):" if parts else "Các số liệu đó:",
        *(f"- {_show_key(key)}" for key in keys[:MAX_NAMED_KEYS]),
    ]
    if len(keys) > MAX_NAMED_KEYS:
        lines.append(f"- và {len(keys) - MAX_NAMED_KEYS} số liệu khác")
    lines += ["Nếu không đúng ý người gửi: sửa tệp này, lưu lại và nộp lại. Tệp nộp sau sẽ được dùng."]
    return "\n".join(lines)


def describe_hidden_sheets(names: Sequence[str]) -> str:
    """The note for the sender of a file with hidden sheets that look like a report."""
    listed = ", ".join(f"“{make_printable(name)}”" for name in names)
    return f"Trang đang ẩn không được đọc: {listed}.\nNếu cần nộp trang đó: bỏ ẩn, lưu tệp và nộp lại."


def _show_key(key: str) -> str:
    return re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", ", ".join(key.split()))


def _show_time(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M:%S ngày %d/%m/%Y}"
