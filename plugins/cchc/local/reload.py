"""Loads that lost their rows with a withdrawn day, published again from the archive."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import groupby

import psycopg

from cchc.quality.audit import MAX_AUDITED_TOGETHER
from cchc.quality.judgement import ensure_judged
from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.sources.raw_archive import ArchiveError
from cchc.warehouse.connection import Login
from cchc.warehouse.publish import publish
from cchc.warehouse.staging import stage
from cchc.warehouse.withdrawal import list_lost_loads

log = logging.getLogger(__name__)


def reload_lost_loads(
    connection: psycopg.Connection, profiles: Sequence[Profile], province: str, run_id: str
) -> tuple[int, int]:
    """Publish from the archive what ``remove_day`` has left without rows; commits.

    Returns how many loads were lost, and how many of them are published again. A load whose archived bytes are lost or
    changed, or whose profile is rejected, keeps waiting; the log names it.
    """
    loads, published = list_lost_loads(connection), 0
    known = {profile.source: profile for profile in profiles}
    for source, own in groupby(loads, lambda load: load.source):
        if source not in known:
            log.warning("%s: its loads wait until its profile can be read", source)
            continue
        for together in _divide(known[source], list(own)):
            published += _reload(connection, known[source], together, province, run_id)
    return len(loads), published


def _reload(connection: psycopg.Connection, profile: Profile, loads: Sequence[Load], province: str, run_id: str) -> int:
    staged = []
    for load in loads:
        try:
            stage(connection, profile, load, province)
        except ArchiveError as error:
            log.warning("%s", error)
        else:
            staged.append(load)
    ensure_judged(connection, Login.of_connection(connection), profile, staged, province, run_id)
    return sum(publish(connection, profile, load, run_id).status == "published" for load in staged)


def _divide(profile: Profile, loads: list[Load]) -> Iterator[Sequence[Load]]:
    """The loads in groups that are audited together: one by one where earlier loads are the history of a later one."""
    size = 1 if profile.is_judged_by_history else MAX_AUDITED_TOGETHER
    return (loads[at : at + size] for at in range(0, len(loads), size))
