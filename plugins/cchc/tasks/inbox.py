"""The inbox on whatever store Airflow's connection names: new files, and what goes back to their senders."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import UUID

import psycopg
from airflow.sdk import ObjectStoragePath

from cchc.sources.archive import Archive, ArchiveError, Capture, read_capture
from cchc.sources.errors import SourceError
from cchc.sources.files import list_wanted
from cchc.sources.given_back import SentFile, list_hidden, write_given_back
from cchc.sources.inbox import InboxFile, describe, list_files, recognise, settle
from cchc.sources.load import Load
from cchc.sources.profile import Profile, read_profiles
from cchc.sources.receipt import Replacement, describe_hidden_sheets, describe_replacement, write_receipt
from cchc.sources.table import Wanted
from cchc.sources.window import Window, parse_window
from cchc.tasks.context import read_connection
from cchc.warehouse.connection import run_file
from cchc.warehouse.night import list_ended_loads

log = logging.getLogger(__name__)

LARGEST_FILE_BYTES = 20 * 2**20
MOST_FILES = 500


def open_inbox(profile: Profile) -> Any | None:
    """The folder of the connection's extra ``url``, a path as pathlib's; None where it isn't set."""
    connection = read_connection(profile.inbox) if profile.inbox else None
    if connection is None:
        return None
    url = str(json.loads(connection.extra or "{}").get("url", ""))
    if "://" not in url:
        raise SourceError(f'connection {profile.inbox}: extra has no "url" such as file:///srv/inbox')
    folder = ObjectStoragePath(url)
    if not folder.is_dir():
        raise SourceError(f"connection {profile.inbox}: {url} is no folder that can be read")
    return folder


def plan_files(connection: psycopg.Connection, profile: Profile, archive: Archive, day: date) -> list[Window]:
    """A window for each file of this night and for each that no earlier one has brought to its end; new ones last.

    A new file is filed under ``day``; seen while an old day is run again, under the day of the next night to come: of
    two files for one cell the one seen later counts. A file that is still being written waits for the next run.
    """
    ended = list_ended_loads(connection, profile.source)
    archived = _list_archived(archive)
    windows = []
    for filed_on, window in archived:
        try:
            captures = archive.find(window.name, filed_on) if filed_on <= day else []
        except ArchiveError as error:
            log.warning("%s", error)
            continue
        has_ended = any(capture.folder.as_uri() in ended for capture in captures)
        if captures and (filed_on == day or not has_ended):
            windows.append(replace(window, origin=captures[0].pages[0].url))
    folder = open_inbox(profile)
    if folder is None:
        return windows
    known = {window.key for source in _list_sources() for _, window in _list_archived(replace(archive, source=source))}
    newest = max([day, *(filed_on for filed_on, _ in archived)])
    filed_on = day if day == newest else newest + timedelta(days=1)
    entity = profile.entities[0]
    kinds = {other.source: list_wanted(other) for other in read_profiles() if other.inbox}
    new = (file for file in list_files(folder, LARGEST_FILE_BYTES) if identify(file) not in known)
    for file in settle(new, LARGEST_FILE_BYTES):
        key = identify(file)
        if key not in known and _find_taker(file, kinds) == profile.source:
            known.add(key)
            windows.append(Window(entity, "file", filed_on, filed_on, key=key, origin=str(file.path)))
    if len(windows) > MOST_FILES:
        log.warning("%d files wait in the inbox, %d are taken tonight", len(windows), MOST_FILES)
    return windows[:MOST_FILES]


def find_file(profile: Profile, window: Window) -> InboxFile:
    """The file of a window in the inbox; raises SourceError when it is gone or has changed."""
    folder = open_inbox(profile)
    if folder is not None and window.origin:
        path = ObjectStoragePath(window.origin)
        try:
            file = describe(path, str(path.relative_to(folder)), LARGEST_FILE_BYTES) if path.is_file() else None
        except OSError as error:
            raise SourceError(f"{window.label}: the file can't be read ({error})") from error
        if file and identify(file) == window.key:
            return file
    raise SourceError(f"{window.label}: the file was in the inbox when the night was planned and is no longer there")


def identify(file: InboxFile) -> str:
    """The SHA-256 by which a file is known: of its bytes; of one too large to be read, of its address and size."""
    return file.sha256 or hashlib.sha256(f"{file.path} {file.size}".encode()).hexdigest()


def give_back(connection: psycopg.Connection, profile: Profile, load: Load) -> None:
    """Put what was refused of a file beside it, with the reasons (sources.md, returns). Again: the same files."""
    row = connection.execute(
        "select stop_rules from ops.load where load_id = %s and (status = 'stopped' or quarantined_rows > 0)",
        [load.load_id],
    ).fetchone()
    if row is None:
        return
    folder = open_inbox(profile)
    if folder is None:
        log.warning("%s: refused rows can't go back, the inbox isn't configured", load.window.label)
        return
    refused = connection.execute(
        "select payload ->> 'pointer', rules from ops.quarantine where load_id = %s order by row_no", [load.load_id]
    ).fetchall()
    page = load.capture.pages[0]
    reasons = {
        (sheet, int(row_no)): [rule for rule in rules if not rule.startswith("load_stopped:")]
        for pointer, rules in refused
        for sheet, _, row_no in [str(pointer).rpartition("!")]
    }
    sent = SentFile(str(page.request["file"]), load.window.key, load.capture.read_bodies()[0])
    written = write_given_back(folder, sent, list_wanted(profile), reasons, row[0])
    log.info("%s: given back in %s", load.window.label, ", ".join(map(str, written)))


def write_receipts(connection: psycopg.Connection, profile: Profile, loads: Sequence[Load]) -> None:
    """Put a receipt beside each file that its sender has to be told of; a receipt that can't be written stops nothing.

    Told are the files of ``loads`` and those of earlier runs of the day that they replace. Again: the same receipts.
    """
    try:
        folder = open_inbox(profile)
    except (OSError, ValueError, SourceError) as error:
        log.warning("receipts can't be written: %s", error)
        return
    if folder is None:
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
            notes = _list_notes(replacements.get(load_id, ()), list_hidden(file, list_wanted(profile)))
            if notes:
                log.info("%s: receipt in %s", name, write_receipt(folder, file, notes))
        except (OSError, ValueError, ArchiveError) as error:
            log.warning("%s: its receipt can't be written: %s", capture.folder, error)


def _list_notes(replacements: Iterable[Replacement], hidden_sheets: Sequence[str]) -> list[str]:
    """All that the receipt of a file says: it is written whole each time."""
    hidden = [describe_hidden_sheets(hidden_sheets)] if hidden_sheets else []
    return hidden + [describe_replacement(replacement) for replacement in replacements]


def _list_replacements(
    connection: psycopg.Connection, profile: Profile, loads: Sequence[Load]
) -> Iterator[tuple[UUID, Capture, Replacement]]:
    """The files that a newer file of the same day replaces, once for each newer one."""
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
    return read_capture(Path(url2pathname(urlsplit(uri).path)))


def _find_taker(file: InboxFile, kinds: dict[str, Wanted]) -> str:
    """The source that takes a file: its headings say whose, and what nobody knows goes to the returns."""
    taken_by = recognise(file.read(), file.name, kinds) if file.sha256 else None
    return taken_by or "returns"


def _list_sources() -> list[str]:
    return [profile.source for profile in read_profiles() if profile.inbox]


def _list_archived(archive: Archive) -> list[tuple[date, Window]]:
    return [
        (filed_on, window)
        for filed_on, name in archive.list_files()
        if (window := parse_window(name, filed_on)) is not None
    ]
