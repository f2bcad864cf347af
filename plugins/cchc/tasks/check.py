"""``make check``: one small window asked of a configured source and judged by its suites, and a look into its inbox.

Nothing of it stays: neither bytes in the archive nor rows in the warehouse.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid5

import psycopg

from cchc.calendar import newest_complete_day
from cchc.fields.written_text import make_printable
from cchc.quality.audit import AuditError, RuleResult
from cchc.quality.sample import judge_sample
from cchc.settings import SOURCES, read_now, read_settings
from cchc.sources.errors import SourceError
from cchc.sources.fetching import fetch_window
from cchc.sources.inbox import list_files
from cchc.sources.load import NAMESPACE, Load
from cchc.sources.profile import PROFILES, ApiProfile, Profile, read_all_profiles, read_profile
from cchc.sources.protocols.parsing import parse_load
from cchc.sources.raw_archive import Archive
from cchc.sources.rule_fields import read_rule_notes
from cchc.tasks.context import read_login
from cchc.tasks.inbox import MAX_FILE_BYTES, open_inbox
from cchc.tasks.plan import is_configured, read_source_target
from cchc.warehouse.connection import connect, hold_lock

# Whether it is well, and a sentence about it.
CheckLine = tuple[bool, str]


@dataclass(frozen=True)
class Sample(Load):
    """The load of a check. Its id depends on the source alone: a check replaces the rows that a killed one left."""

    @property
    def load_id(self) -> UUID:
        """Never that of a load of a run."""
        return uuid5(NAMESPACE, f"check|{self.source}")


def check_source(source: str) -> Iterator[CheckLine]:
    """Ask once; yields what works (True) and what doesn't (False), each as a sentence. Nothing is stored."""
    path = SOURCES / f"{source}.yaml"
    if not path.exists():
        known = ", ".join(sorted(item.stem for item in SOURCES.glob(PROFILES)))
        yield False, f"no source {source!r}: include/sources/ has {known}"
        return
    read = read_all_profiles()
    if source in read.rejected:
        yield from ((False, str(mistake)) for mistake in read.rejected[source].mistakes)
        return
    profile = read_profile(path)
    if not is_configured(profile):
        yield False, f"the Airflow connection {profile.connection} is not set: docs/operate.md shows it"
        return
    try:
        if profile.inbox:
            yield from _check_inbox(profile)
        if profile.api:
            yield from _check_api(profile.api)
    except SourceError as error:
        yield False, str(error)


def _check_inbox(profile: Profile) -> Iterator[CheckLine]:
    inbox = open_inbox(profile)
    if inbox is None:
        yield profile.api is not None, f"the Airflow connection {profile.inbox} is not set: no files are loaded"
        return
    files = list_files(inbox, MAX_FILE_BYTES)
    large = [make_printable(file.name) for file in files if file.sha256 is None]
    yield True, f"connection {profile.inbox}: {inbox.address('').rstrip('/')} can be read, {len(files)} files lie in it"
    if large:
        yield False, f"too large to be read (over {MAX_FILE_BYTES} bytes): {', '.join(large)}"


def _check_api(profile: ApiProfile) -> Iterator[CheckLine]:
    target = read_source_target(profile)
    if target is None:
        yield True, f"the Airflow connection {profile.connection} is not set: only files are loaded"
        return
    root = f", root department {target.root_department_id}" if target.root_department_id else ""
    yield True, f"connection {profile.connection}: {target.host}{root}"
    once = replace(target, policy=target.policy.model_copy(update={"tries": 1}))
    province, day = read_settings().province, newest_complete_day(read_now())
    window = profile.plan_sample(day)
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder), profile.source, province)
        sample = Sample(profile.source, window, fetch_window(profile, once, archive, window, day))
        first, size = sample.capture.pages[0], sum(page.size for page in sample.capture.pages)
        answered = f"HTTP {first.status}, {size} bytes of {first.content_type or 'no content type'}"
        yield True, f"{window.label} answered {answered} in {len(sample.capture.pages)} page(s)"
        parsed = parse_load(profile, sample, province)
        clock = f"{sample.captured_at:%Y-%m-%d %H:%M} UTC by its clock"
        yield bool(parsed.rows), f"{len(parsed.rows)} rows parsed; they describe {sample.data_date} ({clock})"
        yield from _judge(profile, sample, province)


def _judge(profile: ApiProfile, sample: Sample, province: str) -> Iterator[CheckLine]:
    """The rules of the source's suites that the sample breaks."""
    try:
        login = read_login()
        with connect(login) as connection, hold_lock(connection, f"check {profile.source}"):
            results = judge_sample(connection, login, profile, sample, province)
    except (LookupError, psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
        reason = str(error).strip().partition("\n")[0]
        yield True, f"only the form of the answer was checked, not its rules: the warehouse isn't there ({reason})"
        return
    except AuditError as error:
        yield False, str(error)
        return
    broken = [result for result in results if result.unexpected_rows]
    yield True, f"{len(results)} rules checked, {len(results) - len(broken)} of them hold"
    yield from (_describe(result) for result in broken)


def _describe(result: RuleResult) -> CheckLine:
    """A broken rule: it is well where the rows would be published with a flag."""
    note = read_rule_notes(result.suite).get(result.rule_id, "")
    place = "the answer" if result.suite.endswith("_response") else f"{result.unexpected_rows} rows"
    effects = {"critical": "the load would be stopped", "warning": "rejected", "info": "published with a flag"}
    return result.severity == "info", f"{result.rule_id}: {place}, {effects[result.severity]}. {note}"
