"""``make check``: one polite request to a configured source, and what came of it, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from cchc.days import described_day, newest_complete_day
from cchc.settings import SOURCES, read_settings
from cchc.sources.errors import SourceError
from cchc.sources.http import RejectedResponseError, Response, post_json
from cchc.sources.landing import Target
from cchc.sources.portal import PATH, Reading, Window, build_request, plan_windows, read_bodies
from cchc.sources.profile import Profile, read_profile
from cchc.tasks.context import read_source_target


def check_source(source: str) -> Iterator[tuple[bool, str]]:
    """Ask once; yields what works (True) and what doesn't (False), each as a sentence. Nothing is stored."""
    path = SOURCES / f"{source}.yaml"
    if not path.exists():
        known = ", ".join(sorted(item.stem for item in SOURCES.glob("*.yaml")))
        yield False, f"no source {source!r}: include/sources/ has {known}"
        return
    profile = read_profile(path)
    try:
        target = read_source_target(profile)
    except SourceError as error:
        yield False, str(error)
        return
    if target is None:
        yield False, f"the Airflow connection {profile.connection} is not set: docs/operate.md shows it"
        return
    yield True, f"connection {profile.connection}: {target.host}, root department {target.root_department_id}"
    window = plan_windows(profile, newest_complete_day(datetime.now(UTC)))[0]
    try:
        response = _ask_once(profile, target, window)
    except (SourceError, RejectedResponseError) as error:
        yield False, str(error)
        return
    yield from _describe(profile, target, window, response)


def _ask_once(profile: Profile, target: Target, window: Window) -> Response:
    request = build_request(profile.endpoints[window.endpoint], window, target.root_department_id, 1)
    return post_json(target.host + PATH + window.endpoint, request, target.policy.model_copy(update={"tries": 1}))


def _describe(profile: Profile, target: Target, window: Window, response: Response) -> Iterator[tuple[bool, str]]:
    province = read_settings().province
    size = f"{len(response.body)} bytes of {response.content_type or 'no content type'}"
    yield True, f"{window.endpoint} answered HTTP {response.status}, {size}"
    yield (
        True,
        f"its clock says {response.captured_at:%Y-%m-%d %H:%M} UTC: {described_day(response.captured_at)} is told",
    )
    reading = read_bodies(profile, window.endpoint, [response.body], target.root_department_id, province)
    yield from _judge(reading, target, province)


def _judge(reading: Reading, target: Target, province: str) -> Iterator[tuple[bool, str]]:
    """The rules of the response's suite, on one page and without a database."""
    row = reading.response
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
    if row["missing_fields"]:
        yield False, f"fields of the contract are gone: {', '.join(row['missing_fields'])}"
    if row["unknown_fields"]:
        yield True, f"fields that the profile doesn't know (published with a flag): {', '.join(row['unknown_fields'])}"
    yield bool(reading.statistics), f"{len(reading.statistics)} figures read"
