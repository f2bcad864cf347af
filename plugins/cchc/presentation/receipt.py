"""The receipt of a file: notes for its sender when no row was rejected.

A receipt lies beside the file, as a rejection report does (sources/rejection_filing.py). A new kind of note is one
function here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cchc.calendar import LOCAL
from cchc.fields.written_text import make_printable
from cchc.messages import OneLine, read_messages
from cchc.presentation.formats_vi import format_day
from cchc.spreadsheets.rejection_report import Report, SentFile

MESSAGES = read_messages("receipt")

MAX_NAMED_KEYS = 20


@dataclass(frozen=True)
class Replacement:
    """The keys of a file for which another file of the same day counts, and when each file was modified."""

    source: str
    keys: Sequence[str]
    modified_at: datetime
    newer_name: str
    newer_modified_at: datetime


def make_receipt(file: SentFile, notes: Sequence[str]) -> Report | None:
    """The receipt ``<name>.<sha8>.bien-nhan.txt`` with all ``notes`` on a file; None without notes."""
    if not notes:
        return None
    return Report(f"{file.report_stem}.bien-nhan.txt", compose_receipt(file, notes).encode("utf-8-sig"))


def compose_receipt(file: SentFile, notes: Sequence[str]) -> str:
    """The text of a receipt: the file, then each note; a note may have several lines."""
    lines = [MESSAGES.format("title", file=file.shown_name, id=file.sha256[:8])]
    for note in notes:
        lines += ["", *note.splitlines()]
    return "\r\n".join([*lines, ""])


def describe_replacement(replacement: Replacement) -> str:
    """The note on a replaced file: how many keys, which, by which file, and how to correct it."""
    keys = sorted(replacement.keys)
    own, newer = _format_time(replacement.modified_at), _format_time(replacement.newer_modified_at)
    parts = MESSAGES.group("key_parts").get(replacement.source)
    lines = [
        MESSAGES.format("replaced", count=len(keys)),
        MESSAGES.format("newer_file", file=OneLine(make_printable(replacement.newer_name))),
        MESSAGES.format("saved_later", newer=newer, own=own)
        if replacement.newer_modified_at > replacement.modified_at
        else MESSAGES.format("saved_together", own=own),
        MESSAGES.format("keys_of", parts=parts) if parts else MESSAGES.format("keys"),
        *(MESSAGES.format("key", key=_format_key(key)) for key in keys[:MAX_NAMED_KEYS]),
    ]
    if len(keys) > MAX_NAMED_KEYS:
        lines.append(MESSAGES.format("more_keys", count=len(keys) - MAX_NAMED_KEYS))
    lines.append(MESSAGES.format("advice"))
    return "\n".join(lines)


def describe_hidden_sheets(names: Sequence[str]) -> str:
    """The note on a file with hidden sheets that look like a report."""
    quoted = (MESSAGES.format("hidden_sheet", name=OneLine(make_printable(name))) for name in names)
    listed = OneLine(", ".join(quoted))
    return f"{MESSAGES.format('hidden_sheets', sheets=listed)}\n{MESSAGES.format('hidden_advice')}"


def _format_key(key: str) -> str:
    return re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", ", ".join(key.split()))


def _format_time(at: datetime) -> str:
    local = at.astimezone(LOCAL)
    return MESSAGES.format("time", clock=f"{local:%H:%M:%S}", day=format_day(local.date()))
