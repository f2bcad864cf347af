"""``make validate``: all mistakes in the files that people write, without a database and without Airflow."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from cchc.alerts.notification.wording import WORDING, load_wording
from cchc.alerts.recipients import Recipient, load_recipients
from cchc.alerts.rules import Rules, load_rules
from cchc.catalog import Catalog, load_catalog
from cchc.catalog.holidays import HOLIDAYS_FILE, read_working_days
from cchc.catalog.loading import AGENCIES_FILE, PLAN_FILES, SETS_FILE, TASK_FILES, find_tasks_without_plan
from cchc.catalog.rows import PRIMARY
from cchc.local.validate_environment import ENVIRONMENT, check_connections, check_places, list_unknown, read_places
from cchc.local.validate_messages import check_messages, count_texts
from cchc.messages import FOLDER, read_messages
from cchc.mistake import Mistake, MistakesError, list_lines
from cchc.settings import ALERT_RULES, EXPECTATIONS, SOURCES, SQL
from cchc.sources.profile import ProfilesRead, read_all_profiles
from cchc.strict_yaml import read_text

REASONS = FOLDER / "rejection_reasons.yaml"
# Endings of files in the catalog's folder that somebody may expect to be read.
WRITTEN = {".yaml", ".yml", ".csv", ".txt", ".json"}

_Loaded = TypeVar("_Loaded")
_Given = ParamSpec("_Given")


class Part(NamedTuple):
    """A checked part: the line for when it is right, its mistakes, and notes on what may be one."""

    well: str
    mistakes: Sequence[Mistake]
    notes: Sequence[str] = ()


def validate_files(_home: Path) -> int:
    """Print a line for each part that is right and for each mistake; returns 0 without mistakes, else 1."""
    parts = list(check_parts())
    for part in parts:
        lines = [f"BAD  {line}" for line in list_lines(part.mistakes)] or [f"ok   {part.well}"]
        lines += [f"note {note}" for note in part.notes]
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if any(part.mistakes for part in parts) else 0


def check_parts() -> Iterator[Part]:
    """Check settings, sources, catalog, alerts and messages; a mistake in one part doesn't stop the others."""
    settings, mistakes = read_places()
    profiles = read_all_profiles()
    recipients, wrong_recipients = _try(settings.recipients.name, load_recipients, settings.recipients)
    mistakes += _list(ENVIRONMENT, check_places, settings)
    mistakes += _list(ENVIRONMENT, check_connections, profiles, recipients or ())
    unknown = list_unknown(profiles, recipients or ())
    well = f"settings: province {settings.province}, home {settings.home}, catalog {settings.catalog}"
    yield Part(well, mistakes, unknown)
    yield _check_sources(profiles)
    catalog, mistakes = _try(settings.catalog.name, load_catalog, settings.catalog, settings.province, is_strict=True)
    mistakes += _list("include/sources", _check_derived, profiles, catalog) if catalog else ()
    mistakes += _list(settings.catalog.name, _find_stray, settings.catalog)
    mistakes += _list(settings.catalog.name, find_tasks_without_plan, settings.catalog)
    yield Part(_count_catalog(catalog) if catalog else "", mistakes)
    holidays, mistakes = _try(HOLIDAYS_FILE, read_working_days, settings.catalog)
    yield Part(f"holidays: {len(holidays.years)} years" if holidays else "", mistakes)
    rules, mistakes = _try(ALERT_RULES.name, load_rules, ALERT_RULES)
    mistakes += _list(ALERT_RULES.name, _check_variants, rules, catalog) if rules and catalog else ()
    yield Part(f"alert rules: {len(rules.severity)} kinds" if rules else "", mistakes)
    words, mistakes = _try(WORDING.name, load_wording, WORDING)
    yield Part(f"alert messages: {len(words.sentences)} sentences" if words else "", mistakes)
    file = settings.recipients.name
    if recipients and catalog:
        wrong_recipients += _list(file, _check_concerns, file, recipients, catalog)
    yield Part(f"recipients: {len(recipients or ())}", wrong_recipients)
    explained, mistakes = _try(REASONS.name, _check_reasons, profiles)
    yield explained or Part("", mistakes)
    mistakes = _list(FOLDER.name, check_messages)
    yield Part("" if mistakes else f"messages: {count_texts()} texts", mistakes)


def _try(
    file: str, load: Callable[_Given, _Loaded], *given: _Given.args, **named: _Given.kwargs
) -> tuple[_Loaded | None, list[Mistake]]:
    """The content of a file, or None and its mistakes; an unexpected error becomes a mistake too."""
    try:
        return load(*given, **named), []
    except MistakesError as error:
        return None, list(error.mistakes)
    except Exception as error:  # noqa: BLE001  # a traceback would hide the mistakes of the other parts
        text = f"can't be checked ({type(error).__name__}: {error}), correct what was changed last"
        return None, [Mistake(file, "", "", text)]


def _list(
    file: str, check: Callable[_Given, Iterable[Mistake]], *given: _Given.args, **named: _Given.kwargs
) -> list[Mistake]:
    """The mistakes that a check finds; a failure of the check becomes one of them."""

    def run() -> list[Mistake]:
        return list(check(*given, **named))

    found, mistakes = _try(file, run)
    return found or mistakes


def _check_sources(profiles: ProfilesRead) -> Part:
    mistakes = [mistake for error in profiles.rejected.values() for mistake in error.mistakes]
    for path in sorted((*SQL.glob("schema/[!.]*.sql"), *SQL.glob("views/[!.]*.sql"))):
        read_text(path, mistakes)
    mistakes += [
        Mistake(path.name, "", "", "is not read, call it <source>.yaml or take it out")
        for path in sorted(SOURCES.iterdir())
        if path.is_file() and path.suffix != ".yaml" and not path.name.startswith(".")
    ]
    suites = {f"{profile.staging}_{part}" for profile in profiles.good for part in ("response", profile.rows)}
    return Part(f"sources: {len(profiles.good)} profiles, {len(suites)} suites", mistakes)


def _count_catalog(catalog: Catalog) -> str:
    years = ", ".join(str(plan.year) for plan in catalog.plans)
    targets = sum(len(indicator.targets) for plan in catalog.plans for indicator in plan.indicators)
    return (
        f"catalog of {catalog.province}: plans {years},"
        f" {sum(len(plan.indicators) for plan in catalog.plans)} indicators, {targets} targets,"
        f" {sum(len(annex.tasks) for annex in catalog.annexes)} tasks,"
        f" {len({agency.code for agency in catalog.agencies})} agencies, {len(catalog.sets)} sets"
    )


def _find_stray(folder: Path) -> Iterator[Mistake]:
    """Files of the catalog's folder that nothing reads: nobody would miss a plan under a wrong name."""
    read = (AGENCIES_FILE, SETS_FILE, PLAN_FILES, TASK_FILES, HOLIDAYS_FILE)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        is_written = path.suffix.lower() in WRITTEN and not path.name.startswith(".")
        if is_written and not any(fnmatchcase(path.name, pattern) for pattern in read):
            yield Mistake(path.name, "", "", f"is not read, call it one of {', '.join(read)}, or take it out")


def _check_derived(profiles: ProfilesRead, catalog: Catalog) -> Iterator[Mistake]:
    """Indicators of a plan that derived metrics name and that aren't there."""
    codes = {indicator.code for plan in catalog.plans for indicator in plan.indicators}
    for profile in profiles.good:
        for name, derived in profile.derived.items():
            for position, code in enumerate(derived.of):
                if code not in codes:
                    field = f"derived.{name}.of[{position}]"
                    text = f'"{code}" is no indicator of a plan of {catalog.province}, correct it'
                    yield Mistake(f"{profile.source}.yaml", "", field, text)


def _check_variants(rules: Rules, catalog: Catalog) -> Iterator[Mistake]:
    """Variants of the alert rules that no plan has."""
    known = {variant.variant for plan in catalog.plans for one in plan.indicators for variant in one.variants}
    for position, variant in enumerate(rules.variants):
        if variant not in known | {PRIMARY}:
            text = f'"{variant}" is no variant of a plan, there are {", ".join(sorted(known | {PRIMARY}))}'
            yield Mistake(ALERT_RULES.name, "", f"variants[{position}]", text)


def _check_concerns(file: str, recipients: Sequence[Recipient], catalog: Catalog) -> Iterator[Mistake]:
    """Agencies and indicators of recipients that aren't there: such a recipient is never notified."""
    agencies = {agency.code for agency in catalog.agencies}
    codes = {indicator.code for plan in catalog.plans for indicator in plan.indicators}
    for recipient in recipients:
        entry = f"recipient {recipient.id}"
        for position, code in enumerate(recipient.agencies):
            if agencies and code not in agencies:
                text = f'"{code}" is not in agencies.csv, add or correct it'
                yield Mistake(file, entry, f"agencies[{position}]", text)
        for position, pattern in enumerate(recipient.indicators):
            if not any(fnmatchcase(code, pattern) for code in codes):
                text = f'"{pattern}" is no indicator of a plan, nor the beginning of one, correct it'
                yield Mistake(file, entry, f"indicators[{position}]", text)


def _check_reasons(profiles: ProfilesRead) -> Part:
    """Every rule that rejects a row or a file of the inbox is explained to its sender."""
    reasons = read_messages(REASONS.stem).texts
    takers = [profile for profile in profiles.good if profile.inbox]
    suites = {f"{profile.staging}_{part}" for profile in takers for part in ("response", profile.rows)}
    missing = {"too_many_rejected"}.union(*map(_list_rejecting, suites)) - reasons.keys()
    mistakes = [
        Mistake(REASONS.name, "", rule, "is missing, explain to the sender what is wrong and what to do")
        for rule in sorted(missing)
    ]
    return Part(f"rejection reasons: {len(reasons)}", mistakes)


def _list_rejecting(suite: str) -> set[str]:
    """The rules of a suite that reject a row or stop a load."""
    rules = json.loads((EXPECTATIONS / f"{suite}.json").read_text(encoding="utf-8"))["expectations"]
    return {rule["meta"]["rule_id"] for rule in rules if rule["severity"] != "info"}
