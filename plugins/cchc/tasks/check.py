"""``make check``: one polite request to a configured source, a look into the inbox, and what came of it, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cchc.calendar import described_day, newest_complete_day
from cchc.fields.written_text import make_printable
from cchc.settings import SOURCES, read_now, read_settings
from cchc.sources.errors import SourceError
from cchc.sources.fetching import Session, Target
from cchc.sources.http import RejectedResponseError, Response
from cchc.sources.inbox import list_files
from cchc.sources.parsed_load import Reading
from cchc.sources.profile import (
    PROFILES,
    FilesProfile,
    PortalProfile,
    Profile,
    RecordsProfile,
    read_all_profiles,
    read_profile,
)
from cchc.sources.protocols import portal, records
from cchc.sources.window import Window, plan_year_and_month
from cchc.tasks.inbox import LARGEST_FILE_BYTES, open_inbox
from cchc.tasks.plan import is_configured, read_source_target

Finding = tuple[bool, str]


def check_source(source: str) -> Iterator[Finding]:
    """Ask once; yields what works (True) and what doesn't (False), each as a sentence. Nothing is stored."""
    path = SOURCES / f"{source}.yaml"
    if not path.exists():
        known = ", ".join(sorted(item.stem for item in SOURCES.glob(PROFILES)))
        yield False, f"no source {source!r}: include/sources/ has {known}"
        return
    read = read_all_profiles()
    if source in read.refused:
        yield from ((False, str(mistake)) for mistake in read.refused[source].mistakes)
        return
    profile = read_profile(path)
    if not is_configured(profile):
        yield False, f"the Airflow connection {profile.connection} is not set: docs/operate.md shows it"
        return
    try:
        if profile.inbox:
            yield from _check_inbox(profile)
        if not isinstance(profile, FilesProfile):
            yield from _check_api(profile)
    except RejectedResponseError as rejected:
        yield False, str(rejected.cause)
    except SourceError as error:
        yield False, str(error)


def _check_inbox(profile: Profile) -> Iterator[Finding]:
    inbox = open_inbox(profile)
    if inbox is None:
        yield (
            isinstance(profile, RecordsProfile),
            f"the Airflow connection {profile.inbox} is not set: no files are taken",
        )
        return
    files = list_files(inbox, LARGEST_FILE_BYTES)
    large = [make_printable(file.name) for file in files if file.sha256 is None]
    yield True, f"connection {profile.inbox}: {inbox.address('').rstrip('/')} can be read, {len(files)} files lie in it"
    if large:
        yield False, f"too large to be read (over {LARGEST_FILE_BYTES} bytes): {', '.join(large)}"


def _check_api(profile: PortalProfile | RecordsProfile) -> Iterator[Finding]:
    target = read_source_target(profile)
    if target is None:
        yield True, f"the Airflow connection {profile.connection} is not set: only files are taken"
        return
    root = f", root department {target.root_department_id}" if target.root_department_id else ""
    yield True, f"connection {profile.connection}: {target.host}{root}"
    once = replace(target, policy=target.policy.model_copy(update={"tries": 1}))
    province, day = read_settings().province, newest_complete_day(read_now())
    if isinstance(profile, PortalProfile):
        window = plan_year_and_month(profile.entities, day)[0]
        request = portal.build_request(profile.endpoints[window.entity], window, target.root_department_id, 1)
        response = Session(profile, once).post(portal.PATH + window.entity, request)
        yield from _describe(window, response)
        reading = portal.read_bodies(profile, window.entity, [response.body], target.root_department_id, province)
        yield from _judge_snapshot(reading, target, response, province)
    else:
        window = Window(profile.entities[0], "days", day, day)
        response = Session(profile, once).post(profile.path, records.build_request(profile, window, 1))
        yield from _describe(window, response)
        yield from _judge_records(records.read_pages(profile, window, [response.body], province))


def _describe(window: Window, response: Response) -> Iterator[Finding]:
    size = f"{len(response.body)} bytes of {response.content_type or 'no content type'}"
    yield True, f"{window.entity} answered HTTP {response.status}, {size}"


def _judge_snapshot(reading: Reading, target: Target, response: Response, province: str) -> Iterator[Finding]:
    """The rules of the portal's suite, on one page and without a database."""
    row = reading.response
    told = described_day(response.captured_at)
    yield True, f"its clock says {response.captured_at:%Y-%m-%d %H:%M} UTC: {told} is told"
    if not (row["is_utf8"] and row["is_json"]):
        yield False, "the body is not one whole JSON object in UTF-8"
        return
    yield row["envelope_code"] == "OK", f"the envelope says code {row['envelope_code']}"
    root, code = row["root_department_id"], row["root_department_code"]
    yield root == target.root_department_id, f"the root is {root}"
    if code is not None:
        yield code == province, f"the root's code is {code}, CCHC_PROVINCE is {province}"
    received, total = row["entries_received"], row["entries_total"]
    if total is not None:
        yield True, f"{received} of {total} departments are on the first page"
    yield from _judge_fields(reading)
    yield bool(reading.rows), f"{len(reading.rows)} figures read"


def _judge_records(reading: Reading) -> Iterator[Finding]:
    """The rules of a record source's suite, on one page and without a database."""
    row = reading.response
    if row["refusal"]:
        yield False, "the body is not one whole JSON object in UTF-8"
        return
    yield row["envelope_code"] == "0", f"the envelope says error_code {row['envelope_code']}"
    yield row["rows_total"] is not None, f"TotalCount is {row['rows_total']}, {len(reading.rows)} rows on this page"
    yield from _judge_fields(reading)
    unread = sorted({field for one in reading.rows for field in one["not_read"] or ()})
    if unread:
        yield False, f"values that can't be read: {'; '.join(unread[:5])}"


def _judge_fields(reading: Reading) -> Iterator[Finding]:
    row = reading.response
    if row["missing_fields"]:
        yield False, f"fields of the contract are gone: {', '.join(row['missing_fields'])}"
    if row.get("missing_unused_fields"):
        yield True, f"fields that feed nothing are gone: {', '.join(row['missing_unused_fields'])}"
    if row["unknown_fields"]:
        yield True, f"fields that the profile doesn't know (published with a flag): {', '.join(row['unknown_fields'])}"
