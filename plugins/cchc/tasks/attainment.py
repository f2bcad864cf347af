"""Tasks of the attainment DAGs: wait for the sources, take in the catalog, measure and attain."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cchc.calendar import DateRange, attainment_deadline, newest_complete_day
from cchc.catalog import load_catalog
from cchc.catalog.model import Catalog
from cchc.indicators.attainment import attain
from cchc.settings import read_now, read_settings
from cchc.sources.profile import read_all_profiles, read_profiles
from cchc.tasks.context import current_day, current_days, current_run_id, is_scheduled, read_login
from cchc.tasks.plan import is_configured
from cchc.warehouse.catalog_sync import sync_catalog
from cchc.warehouse.connection import connect
from cchc.warehouse.ingest_runs import (
    has_begun,
    list_days_after,
    list_late_entities,
    list_unfinished_sources,
    record_attainment_runs,
)
from cchc.warehouse.source_sync import sync_sources

log = logging.getLogger(__name__)


def wait_for_sources() -> PokeReturnValue:
    """Done when every configured source has finished the day, or at 06:00: the run goes on with what it has.

    A run that a person began takes what is there: who wants a source in it runs that one first.
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
        log.warning("%s: going on without %s, it is past 06:00", day, ", ".join(unfinished))
    return PokeReturnValue(is_done=True)


def take_in_catalog() -> None:
    """Bring the warehouse's plan and map to the catalog's files; a mistake in them fails with file, entry and field."""
    settings = read_settings()
    catalog = load_catalog(settings.catalog, settings.province)
    check_planned(catalog, current_days(), settings.province)  # a run that is refused stores nothing, not even this
    with connect(read_login()) as connection:
        sync_catalog(connection, catalog)
        profiles = read_all_profiles()
        sync_sources(connection, profiles.good, profiles.refused)
    log.info("catalog of %s: %d plans, %d agencies", settings.province, len(catalog.plans), len(catalog.agencies))


def check_planned(catalog: Catalog, days: DateRange, province: str) -> None:
    """That a plan has begun by ``days``: a night without any would be empty, and seem to be ready.

    Only a run of the schedule comes so far; what the sources tell is kept meanwhile. Raises AirflowFailException.
    """
    plan = min(catalog.plans, key=lambda plan: plan.valid_from, default=None)
    if plan is not None and days.start < plan.valid_from:
        raise AirflowFailException(
            f"{days.start} is not computed: it is before {plan.valid_from}, the first day of the earliest plan of "
            f"{province}. Nothing was stored; if that day is mistyped, correct valid_from in plan_{plan.year}.yaml, "
            f"then trigger attainment with date {days.start}"
        )


def attain_night() -> None:
    """Attain the day of the run, up to its parameter ``through``, and the days that late publishes have touched.

    Skips where nothing can be known of the day, since a day of no_data alone would be the newest one. A profile that is
    refused may be that of the only source with a connection: then the night goes on, and its figures get stale.
    """
    days, read = current_days(), read_all_profiles()
    profiles = list(read.good)
    province, run_id = read_settings().province, current_run_id()
    with connect(read_login()) as connection, connection.transaction():
        is_unset = not read.refused and not any(map(is_configured, profiles))
        if is_unset and not has_begun(connection, province, days):
            raise AirflowSkipException(
                f"{days.start}: nothing is computed, no source's connection is set (docs/operate.md) and no source was "
                "ever run for this day; what was computed before stands"
            )
        attain(connection, profiles, province, days, run_id)
        record_attainment_runs(connection, province, days, run_id, read_now())


def report_late_sources() -> None:
    """Say which sources are late and since when, the figures that they feed are marked stale; and which days there
    are that can't be yet."""
    newest = newest_complete_day(read_now())
    with connect(read_login()) as connection:
        late = list_late_entities(connection)
        beyond = list_days_after(connection, newest)
    for day in beyond:
        log.warning(
            "%s was computed or run and isn't over, alerts leave it aside: make withdraw DATE=%s takes it out", day, day
        )
    for source in sorted({source for source, _, newest_day, _ in late if newest_day is None}):
        log.warning("%s: nothing has come yet; its indicators say no_data", source)
    for source, entity, newest_day, stale_since in late:
        if newest_day is not None:
            log.warning("%s, %s: newest data of %s, stale since %s", source, entity, newest_day, stale_since)


def attain_late_days() -> None:
    """Attain only what late publishes have touched; skips when nothing is left to do."""
    with connect(read_login()) as connection:
        attained = attain(connection, read_profiles(), read_settings().province, None, current_run_id())
    if not attained:
        raise AirflowSkipException("nothing has been touched since the last attainment")
