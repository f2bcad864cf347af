"""Loads made ready for publish: their rows staged, their rule violations there. Publish itself stands in warehouse/."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

import psycopg

from cchc.quality.audit import MAX_AUDITED_TOGETHER, AuditError, audit
from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.sources.raw_archive import ArchiveError
from cchc.warehouse.connection import Login
from cchc.warehouse.staging import is_audited, is_staged, stage

log = logging.getLogger(__name__)


def ensure_judged(
    connection: psycopg.Connection, login: Login, profile: Profile, loads: Sequence[Load], province: str, run_id: str
) -> None:
    """Stage and audit those of ``loads`` that aren't staged or audited, together; commits.

    A load may have been both: a crash of the database empties the unlogged tables of staging. Raises ArchiveError and
    AuditError, as ``judge`` does.
    """
    waiting = [load for load in loads if not (is_staged(connection, profile, load) and is_audited(connection, load))]
    if waiting:
        judge(connection, login, profile, waiting, province, run_id)


def judge_all(
    connection: psycopg.Connection, login: Login, profile: Profile, loads: Sequence[Load], province: str, run_id: str
) -> dict[UUID, str]:
    """``judge`` any number of loads of one source, in few audits; returns the loads that can't be judged, with reasons.

    The loads of an audit that fails are judged one by one.
    """
    failures: dict[UUID, str] = {}
    for at in range(0, len(loads), MAX_AUDITED_TOGETHER):
        together = loads[at : at + MAX_AUDITED_TOGETHER]
        try:
            judge(connection, login, profile, together, province, run_id)
        except (ArchiveError, AuditError) as error:
            if len(together) == 1:
                failures[together[0].load_id] = str(error)
            else:
                for load in together:
                    failures |= judge_all(connection, login, profile, [load], province, run_id)
    return failures


def judge(
    connection: psycopg.Connection, login: Login, profile: Profile, loads: Sequence[Load], province: str, run_id: str
) -> None:
    """Audit ``loads`` together, audited before or not, and stage first those that aren't staged; commits.

    ``login``: the loader's, with which Great Expectations opens a connection of its own. Raises ArchiveError where
    archived bytes are lost or changed, AuditError where a rule can't be evaluated.
    """
    for load in loads:
        if not is_staged(connection, profile, load):
            rows = stage(connection, profile, load, province)
            log.info("%s of %s: %d rows staged (load %s)", load.scope.label, load.data_date, rows, load.load_id)
    audit(connection, login, profile, loads, run_id)
