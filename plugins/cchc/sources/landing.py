"""Landing: the bytes of one window for one day, from the archive if they are there, else from the source."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from cchc.days import described_day
from cchc.sources.archive import Archive, Capture, Draft
from cchc.sources.errors import SourceError
from cchc.sources.http import RejectedResponseError, Response, check_host, pause, post_json
from cchc.sources.portal import Window, fetch_pages
from cchc.sources.profile import Profile, RequestPolicy

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """Where a configured source is asked, and how politely."""

    host: str
    root_department_id: str
    policy: RequestPolicy


def read_target(profile: Profile, host: str, extra: dict[str, Any]) -> Target:
    """The target that a connection tells of; raises SourceError when something is missing in it."""
    root = str(extra.get("root_department_id", "")).strip()
    if not root:
        raise SourceError(f'connection {profile.connection}: extra has no "root_department_id" (the portal\'s uuid)')
    try:
        policy = profile.policy(extra)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise SourceError(f"connection {profile.connection}: extra, {field}: {error.errors()[0]['msg']}") from error
    return Target(check_host(host), root, policy)


def find_archived(archive: Archive, window: Window, day: date, *, even_stopped: bool = False) -> Capture | None:
    """The capture of a window that describes ``day``: the published one, else the first that wasn't stopped."""
    captures = archive.find(window.name, day)
    usable = [capture for capture in captures if even_stopped or capture.verdict != "stopped"]
    return usable[0] if usable else None


def ask_source(profile: Profile, target: Target, archive: Archive, window: Window) -> Capture:
    """Ask the source for a window and archive the answer under the day that it describes.

    Returns the capture to load: an earlier one of the same day and window stays the one that counts, the new one is
    kept beside it. Raises SourceError; what came of a refused request is archived as evidence.
    """
    archive.discard_drafts(window.name)
    drafts: list[Draft] = []

    def ask(path: str, payload: dict[str, Any]) -> Response:
        pause(target.policy)
        try:
            response = post_json(target.host + path, payload, target.policy)
        except RejectedResponseError as rejected:
            keep(rejected.response)
            raise
        keep(response)
        return response

    def keep(response: Response) -> None:
        if not drafts:
            drafts.append(archive.begin(window.name, described_day(response.captured_at)))
        drafts[0].add(response)

    try:
        for _ in fetch_pages(profile.endpoints[window.endpoint], window, target.root_department_id, ask):
            pass
    except (RejectedResponseError, SourceError) as error:
        for draft in drafts:
            draft.finish(verdict="refused")
        raise (error.cause if isinstance(error, RejectedResponseError) else error) from None
    earlier = find_archived(archive, window, drafts[0].data_date)
    capture = drafts[0].finish()
    size = sum(page.size for page in capture.pages)
    log.info("%s: %d bytes in %d page(s), describes %s", window.name, size, len(capture.pages), capture.data_date)
    return earlier or capture
