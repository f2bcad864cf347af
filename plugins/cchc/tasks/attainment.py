"""Tasks of the attainment DAGs: wait for the sources, sync the catalog, compute measures and attainment.

Days and logins come from the run; the work itself is in warehouse/ and indicators/.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cchc.calendar import ATTAINMENT_HOUR, DateRange, attainment_deadline, newest_complete_day
from cchc.catalog import load_catalog
from cchc.catalog.model import Catalog
from cchc.indicators.attainment import compute_attainment
from cchc.settings import read_now, read_settings
from cchc.sources.profile import read_all_profiles, read_profiles
from cchc.tasks.context import current_day, current_days, current_run_id, is_scheduled, read_login
from cchc.tasks.plan import is_configured
from cchc.warehouse import catalog_sync, source_sync
from cchc.warehouse.connection import connect
from cchc.warehouse.ingest_runs import (
    has_begun,
    list_days_after,
    list_late_entities,
    list_unfinished_sources,
    record_attainment_runs,
)

log = logging.getLogger(__name__)


def wait_for_sources() -> PokeReturnValue:
    """Whether every configured source has finished the day, or attainment waits no longer: it is ATTAINMENT_HOUR.

    A run that a person started doesn't wait.
    """
    day = current_day()
    if not is_scheduled():
        return PokeReturnValue(is_done=True)
    configured = [profile.source for profile in read_profiles() if is_configured(profile)]
    with connect(read_login()) as connection:
        unfinished = list_unfinished_sources(connection, configured, day)
    if unfinished and datetime.now(UTC) < attainment_deadline(day):
        log.info("waiting for %s", ", ".join(unfinished))
        return PokeReturnValue(is_done=False)
    if unfinished:
        log.warning("%s: going on without %s, it is past %s", day, ", ".join(unfinished), f"{ATTAINMENT_HOUR:%H:%M}")
    return PokeReturnValue(is_done=True)


def sync_catalog() -> None:
    """Sync the warehouse's plans, agencies and sources with their files.

    A mistake in a file of the catalog fails the task; the error names file, entry and field.
    """
    settings = read_settings()
    catalog = load_catalog(settings.catalog, settings.province)
    check_planned(catalog, current_days(), settings.province)  # before anything is stored
    with connect(read_login()) as connection:
        catalog_sync.sync_catalog(connection, catalog)
        profiles = read_all_profiles()
        source_sync.sync_sources(connection, profiles.good, profiles.rejected)
    log.info("catalog of %s: %d plans, %d agencies", settings.province, len(catalog.plans), len(catalog.agencies))


def check_planned(catalog: Catalog, days: DateRange, province: str) -> None:
    """Raise AirflowFailException for days before the province's earliest plan: an empty day would seem to be complete.

    Only a scheduled run gets here with such a day; the answers of its sources are kept.
    """
    plan = min(catalog.plans, key=lambda plan: plan.valid_from, default=None)
    if plan is not None and days.start < plan.valid_from:
        raise AirflowFailException(
            f"{days.start} is not computed: it is before {plan.valid_from}, the first day of the earliest plan of "
            f"{province}. Nothing was stored; if that day is mistyped, correct valid_from in plan_{plan.year}.yaml, "
            f"then trigger attainment with date {days.start}"
        )


def compute_days() -> None:
    """Compute the day of the run, up to its parameter ``through``, and the days that dirty dates concern.

    Skips where nothing is known of the day: a day of no_data alone would be the newest one. A rejected profile may be
    that of the only source with a connection; then the run goes on and its results become stale.
    """
    days, read = current_days(), read_all_profiles()
    profiles = list(read.good)
    province, run_id = read_settings().province, current_run_id()
    with connect(read_login()) as connection, connection.transaction():
        is_unset = not read.rejected and not any(map(is_configured, profiles))
        if is_unset and not has_begun(connection, province, days):
            raise AirflowSkipException(
                f"{days.start}: nothing is computed, no source's connection is set (docs/operate.md) and no source was "
                "ever run for this day; results that were computed before stay"
            )
        compute_attainment(connection, profiles, province, days, run_id)
        record_attainment_runs(connection, province, days, run_id, read_now())


def report_late_sources() -> None:
    """Log the late sources, each with the first day on which it is late, and the days with results that aren't over."""
    newest = newest_complete_day(read_now())
    with connect(read_login()) as connection:
        late = list_late_entities(connection)
        beyond = list_days_after(connection, newest)
    for day in beyond:
        log.warning(
            "%s has a run or results and isn't over, alerts ignore it: make withdraw DATE=%s removes it", day, day
        )
    for source in sorted({source for source, _, newest_day, _ in late if newest_day is None}):
        log.warning("%s: nothing has come yet; its indicators have no_data", source)
    for source, entity, newest_day, stale_since in late:
        if newest_day is not None:
            log.warning("%s, %s: newest data of %s, stale since %s", source, entity, newest_day, stale_since)


def compute_dirty_dates() -> None:
    """Compute only the days that dirty dates concern; skips where none is left."""
    with connect(read_login()) as connection:
        computed = compute_attainment(connection, read_profiles(), read_settings().province, None, current_run_id())
    if not computed:
        raise AirflowSkipException("no dirty date since the last attainment run")
