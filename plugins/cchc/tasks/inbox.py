"""The inbox on whatever store Airflow's connection names: new files, and what goes back to their senders."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
from airflow.sdk import ObjectStoragePath

from cchc.sources.archive import Archive, ArchiveError
from cchc.sources.errors import SourceError
from cchc.sources.files import list_wanted
from cchc.sources.given_back import SentFile, write_given_back
from cchc.sources.inbox import InboxFile, describe, list_files, recognise
from cchc.sources.load import Load
from cchc.sources.profile import Profile, read_profiles
from cchc.sources.table import Wanted
from cchc.sources.window import Window, parse_window
from cchc.tasks.context import read_connection
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
    two files for one cell the one seen later counts.
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
    for file in list_files(folder, LARGEST_FILE_BYTES):
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
