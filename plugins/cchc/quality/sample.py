"""The rules of a source on one sample, for ``make check``. Loads that are published are judged in ``judgement``."""

from __future__ import annotations

import psycopg

from cchc.quality.audit import RuleResult, run_suite
from cchc.sources.load import Load
from cchc.sources.profile import Profile
from cchc.warehouse.connection import Login
from cchc.warehouse.staging import clear_staging, stage


def judge_sample(
    connection: psycopg.Connection, login: Login, profile: Profile, load: Load, province: str
) -> list[RuleResult]:
    """The result of every rule on a load that is staged for this alone; neither rows nor a ledger row stay.

    ``login``: the loader's, with which Great Expectations opens a connection of its own: it sees committed rows only.
    Raises AuditError where a rule can't be evaluated.
    """
    try:
        stage(connection, profile, load, province)
        url = login.sqlalchemy_url(**{"cchc.load_ids": str(load.load_id)})
        return [result for suite in profile.suites for result in run_suite(url, suite)]
    finally:
        with connection.transaction():
            clear_staging(connection, profile, load)
