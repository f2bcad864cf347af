"""The inbox on the store that a connection names: new files, rejection reports and receipts for their senders."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from uuid import UUID

import psycopg
from airflow.sdk import ObjectStoragePath

from cchc.calendar import newest_complete_day
from cchc.fields.written_text import make_printable
from cchc.presentation.receipt import Replacement, describe_hidden_sheets, describe_replacement, make_receipt
from cchc.settings import SOURCES, read_now
from cchc.sources.errors import SourceError
from cchc.sources.inbox import (
    InboxFile,
    alternate_senders,
    choose_filing_day,
    describe,
    list_files,
    recognise,
    select_complete,
)
from cchc.sources.inbox_store import DiskInbox, InboxStore, ObjectInbox, find_disk_folder
from cchc.sources.load import Load
from cchc.sources.profile import Profile, read_all_profiles
from cchc.sources.raw_archive import Archive, ArchiveError, Capture, read_capture
from cchc.sources.rejection_filing import file_rejection_reports, file_report
from cchc.sources.window import FileScope
from cchc.spreadsheets.rejection_report import SentFile, list_hidden
from cchc.spreadsheets.table import Wanted
from cchc.strict_yaml import read_document
from cchc.tasks.context import read_connection
from cchc.warehouse.connection import run_file
from cchc.warehouse.ledger import archive_folder, list_ended_loads

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 20 * 2**20
MAX_FILES = 500
# The source that takes files which no other knows, and rejects them.
RETURNS = "returns"


def open_inbox(profile: Profile) -> InboxStore | None:
    """The inbox of a source; None where its connection isn't set. Raises SourceError where it can't be read."""
    connection = read_connection(profile.inbox) if profile.inbox else None
    if connection is None:
        return None
    url = str(json.loads(connection.extra or "{}").get("url", ""))
    if "://" not in url:
        raise SourceError(f'connection {profile.inbox}: extra has no "url" such as file:///srv/inbox')
    folder = find_disk_folder(url)
    inbox: InboxStore = DiskInbox(folder) if folder else ObjectInbox(ObjectStoragePath(url))
    if not inbox.is_folder():
        raise SourceError(f"connection {profile.inbox}: {url} is no folder that can be read")
    return inbox


def plan_files(connection: psycopg.Connection, profile: Profile, archive: Archive, day: date) -> list[FileScope]:
    """The archived files of ``day``, those that no earlier run has brought to an end, and the new ones, in this order.

    A new file is filed under ``day``. A run for an old day files it under the day of the next run to come, because the
    later of two files for one value counts. A file that is still being written waits for the next run.
    """
    ended = list_ended_loads(connection, profile.source)
    archived = _list_archived(archive)
    planned = []
    for file in archived:
        try:
            captures = archive.find(file.name, file.seen_on) if file.seen_on <= day else []
        except ArchiveError as error:
            log.warning("%s", error)
            continue
        has_ended = any(capture.folder.as_uri() in ended for capture in captures)
        if captures and (file.seen_on == day or not has_ended):
            planned.append(replace(file, address=captures[0].pages[0].url))
    inbox = open_inbox(profile)
    if inbox is None:
        return planned
    filed_on = choose_filing_day(day, (file.seen_on for file in archived), newest_complete_day(read_now()))
    (entity, *_) = profile.entities
    new = choose_new_files(inbox, profile, archive)
    return planned + [FileScope(entity, identify(file), filed_on, file.address) for file in new]


def choose_new_files(inbox: InboxStore, profile: Profile, archive: Archive) -> list[InboxFile]:
    """The files of a source that no run has archived: at most MAX_FILES, in an order that alternates their senders."""
    read = read_all_profiles()
    kinds = {other.source: other.sheet_fields() for other in read.good if other.inbox}
    otherwise = None if any(_may_take_files(source, read.good) for source in read.rejected) else RETURNS
    archives = [replace(archive, source=source) for source in (*kinds, *read.rejected)]
    known = {file.key for other in archives for file in _list_archived(other)}
    new = (file for file in list_files(inbox, MAX_FILE_BYTES) if identify(file) not in known)
    waiting = alternate_senders(select_complete(new, MAX_FILE_BYTES))
    chosen: list[InboxFile] = []
    while waiting and len(chosen) < MAX_FILES:
        file = waiting.pop(0)
        key = identify(file)
        if key not in known and _find_source(file, kinds, otherwise) == profile.source:
            known.add(key)
            chosen.append(file)
    if waiting:
        counts = Counter(make_printable(file.sender) or "no folder" for file in waiting).most_common()
        listed = ", ".join(f"{sender} {count}" for sender, count in counts)
        log.warning("%d files are loaded now; %d wait for the next run, of: %s", len(chosen), len(waiting), listed)
    return chosen


def find_file(profile: Profile, filed: FileScope) -> InboxFile:
    """A planned file in the inbox. Raises SourceError when it is gone or has changed."""
    inbox = open_inbox(profile)
    if inbox is not None and filed.address.startswith(inbox.address("")):
        try:
            file = describe(inbox, filed.address.removeprefix(inbox.address("")), MAX_FILE_BYTES)
        except FileNotFoundError:
            file = None
        except OSError as error:
            raise SourceError(f"{filed.label}: the file can't be read ({error})") from error
        if file and identify(file) == filed.key:
            return file
    raise SourceError(f"{filed.label}: the file was in the inbox when the run was planned and is no longer there")


def identify(file: InboxFile) -> str:
    """The SHA-256 that identifies a file: that of its bytes; of its address and size where it is too large to read."""
    return file.sha256 or hashlib.sha256(f"{file.address} {file.size}".encode()).hexdigest()


def file_rejection_report(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    """Put the rejection report of a file beside it, if it or a row of it is rejected. A repetition writes the same.

    Raises OSError, ValueError, ArchiveError or SourceError where the report can't be written.
    """
    row = connection.execute(
        "select stop_rules from ops.load where load_id = %s and (status = 'stopped' or quarantined_rows > 0)",
        [load.load_id],
    ).fetchone()
    if row is None:
        return
    inbox = open_inbox(profile)
    if inbox is None:
        log.warning("%s: its rejection report isn't written, the inbox isn't configured", load.scope.label)
        return
    rejected = connection.execute(
        "select payload ->> 'pointer', rules from ops.quarantine where load_id = %s order by row_no", [load.load_id]
    ).fetchall()
    page = load.capture.pages[0]
    reasons = {
        (sheet, int(row_no)): [rule for rule in rules if not rule.startswith("load_stopped:")]
        for pointer, rules in rejected
        for sheet, _, row_no in [str(pointer).rpartition("!")]
    }
    sent = SentFile(str(page.request["file"]), load.scope.key, load.capture.read_bodies()[0])
    written = file_rejection_reports(inbox, sent, profile.sheet_fields(), reasons, row[0])
    log.info("%s: rejection report in %s", load.scope.label, make_printable(", ".join(written)))


def write_receipts(connection: psycopg.Connection, profile: Profile, loads: Sequence[Load]) -> None:
    """Put a receipt beside each file whose sender has to know something; a receipt that can't be written stops nothing.

    Receipts are for the files of ``loads``, and for files of earlier runs of the day that they replace. A repetition
    writes the same receipts.
    """
    try:
        inbox = open_inbox(profile)
    except (OSError, ValueError, SourceError) as error:
        log.warning("receipts can't be written: %s", error)
        return
    if inbox is None:
        return
    captures = {load.load_id: load.capture for load in loads}
    replacements: dict[UUID, list[Replacement]] = {}
    for load_id, capture, replacement in _list_replacements(connection, profile, loads):
        captures.setdefault(load_id, capture)
        replacements.setdefault(load_id, []).append(replacement)
    for load_id, capture in captures.items():
        try:
            name = str(capture.pages[0].request["file"])
            file = SentFile(name, capture.content_sha256, capture.read_bodies()[0])
            notes = _list_notes(replacements.get(load_id, ()), list_hidden(file, profile.sheet_fields()))
            if receipt := make_receipt(file, notes):
                log.info("%s: receipt in %s", make_printable(name), make_printable(file_report(inbox, file, receipt)))
        except (OSError, ValueError, ArchiveError) as error:
            log.warning("%s: its receipt can't be written: %s", capture.folder, error)


def _list_notes(replacements: Iterable[Replacement], hidden_sheets: Sequence[str]) -> list[str]:
    """The lines of a file's receipt, which is written whole each time."""
    hidden = [describe_hidden_sheets(hidden_sheets)] if hidden_sheets else []
    return hidden + [describe_replacement(replacement) for replacement in replacements]


def _list_replacements(
    connection: psycopg.Connection, profile: Profile, loads: Sequence[Load]
) -> Iterator[tuple[UUID, Capture, Replacement]]:
    """The files that a newer file of the same day replaces, once for each newer file."""
    load_ids = [load.load_id for load in loads]
    rows = run_file(connection, "publish/replaced_keys.sql", {"load_ids": load_ids}).fetchall()
    for (load_id, uri, newer_uri), group in groupby(rows, key=lambda row: row[:3]):
        try:
            capture, newer = _read_archived(uri), _read_archived(newer_uri)
        except ArchiveError as error:
            log.warning("%s: its receipt can't be written: %s", uri, error)
            continue
        newer_name = str(newer.pages[0].request["file"])
        keys = [key for *_, key in group]
        yield load_id, capture, Replacement(profile.source, keys, capture.modified_at, newer_name, newer.modified_at)


def _read_archived(uri: str) -> Capture:
    return read_capture(archive_folder(uri))


def _find_source(file: InboxFile, kinds: dict[str, Wanted], otherwise: str | None) -> str | None:
    """The source of a file by its headings; ``otherwise`` for a file that no source knows."""
    name = make_printable(file.name)
    try:
        source = recognise(file.read(), file.name, kinds) if file.sha256 else None
    except OSError as error:
        log.warning("%s: left for another run (%s)", name, error)
        return None
    if source is None and otherwise is None:
        log.warning("%s: left for another run, it may belong to a source whose profile is rejected", name)
    return source or otherwise


def _may_take_files(source: str, good: Sequence[Profile]) -> bool:
    """Whether files may belong to a rejected profile; those of a copy belong to its original, which runs."""
    takers = [profile for profile in good if profile.inbox]
    if any(re.match(rf"{profile.source}[^a-z0-9_]", source) for profile in takers):  # as "returns (1)"
        return False
    path = SOURCES / f"{source}.yaml"
    document = read_document(path, []) or {}
    if any((profile.staging, profile.inbox) == (document.get("staging"), document.get("inbox")) for profile in takers):
        return False
    try:
        return b"inbox" in path.read_bytes().replace(b"\0", b"")  # also in UTF-16, which can't be read
    except OSError:
        return True


def _list_archived(archive: Archive) -> list[FileScope]:
    files = (FileScope.from_name(name, filed_on) for filed_on, name in archive.list_files())
    return [file for file in files if file]
