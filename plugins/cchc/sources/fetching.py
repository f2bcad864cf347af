"""Landing: the bytes of one window for one day, from the archive if they are there, else from the source."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from cchc.calendar import described_day
from cchc.sources.errors import SourceError
from cchc.sources.http import RejectedResponseError, Response, check_host, pause, post_json, request_token
from cchc.sources.http_session import DIRECT, Route, read_route
from cchc.sources.inbox import InboxFile
from cchc.sources.profile import ClientCredentialsAuth, PortalProfile, RecordsProfile, RequestPolicy
from cchc.sources.protocols import portal, records
from cchc.sources.raw_archive import Archive, Capture, Draft
from cchc.sources.window import Window

log = logging.getLogger(__name__)

UNAUTHORIZED = 401

Ask = Callable[[str, dict[str, Any]], Response]


@dataclass(frozen=True)
class Target:
    """Where a configured source is asked, and how politely. What opens it is shown to nobody."""

    host: str
    policy: RequestPolicy
    root_department_id: str = ""
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    route: Route = DIRECT


def read_target(
    profile: PortalProfile | RecordsProfile, host: str, extra: Mapping[str, Any], login: str = "", password: str = ""
) -> Target:
    """The target that a connection tells of; raises SourceError when something is missing in it."""
    root = str(extra.get("root_department_id", "")).strip()
    name = f"connection {profile.connection}"
    if isinstance(profile, PortalProfile) and not root:
        raise SourceError(f'{name}: extra has no "root_department_id" (the portal\'s uuid)')
    if isinstance(profile, RecordsProfile) and not password:
        raise SourceError(f"{name}: it has no password (docs/operate.md says what goes there)")
    if password != password.strip() or not password.isascii() or not (password + " ").isprintable():
        raise SourceError(f"{name}: its password has spaces or line ends around it, or characters no header can hold")
    if isinstance(profile, RecordsProfile) and isinstance(profile.auth, ClientCredentialsAuth) and not login:
        raise SourceError(f"{name}: it has no login (the client id)")
    try:
        policy = profile.requests.override(extra)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise SourceError(f"{name}: extra, {wrong}: {error.errors()[0]['msg']}") from error
    try:
        route = read_route(extra)
    except SourceError as error:
        raise SourceError(f"{name}: {error}") from None
    return Target(check_host(host), policy, root, login, password, route)


def find_archived(archive: Archive, window: Window, day: date, *, even_stopped: bool = False) -> Capture | None:
    """The capture of a window in the night of ``day``: the published one, else the first that wasn't stopped."""
    captures = archive.find(window.name, window.filed_on(day))
    usable = [capture for capture in captures if even_stopped or capture.verdict != "stopped"]
    return usable[0] if usable else None


def ask_source(
    profile: PortalProfile | RecordsProfile, target: Target, archive: Archive, window: Window, night: date
) -> Capture:
    """Ask the source for a window and archive the answer.

    A snapshot is filed under the day that it describes, whatever the night; an earlier one of the same day and window
    stays the one that counts, the new one is kept beside it. Records are filed under the night. Raises SourceError;
    what came of a refused request is archived as evidence.
    """
    archive.discard_drafts(window.name)
    drafts: list[Draft] = []

    def keep(response: Response) -> None:
        if not drafts:
            day = described_day(response.captured_at) if isinstance(profile, PortalProfile) else night
            drafts.append(archive.begin(window.name, day))
        drafts[0].add(response)

    def ask(path: str, payload: dict[str, Any]) -> Response:
        pause(target.policy)
        try:
            response = session.post(path, payload)
        except RejectedResponseError as rejected:
            with _losing_evidence():
                keep(rejected.response)
            raise
        keep(response)
        return response

    session = Session(profile, target)
    try:
        for number, _ in enumerate(fetch_window(profile, target, window, ask), 1):
            if number % 50 == 0:
                log.info("%s: %d pages so far", window.name, number)
    except (RejectedResponseError, SourceError) as error:
        with _losing_evidence():
            for draft in drafts:
                draft.finish(verdict="refused")
        raise (error.cause if isinstance(error, RejectedResponseError) else error) from None
    earlier = find_archived(archive, window, drafts[0].data_date)
    capture = drafts[0].finish()
    size = sum(page.size for page in capture.pages)
    log.info("%s: %d bytes in %d page(s), describes %s", window.name, size, len(capture.pages), capture.data_date)
    return earlier or capture


@contextmanager
def _losing_evidence() -> Iterator[None]:
    """A full archive takes nothing from what the source has said: a refusal still ends the night."""
    try:
        yield
    except OSError as error:
        log.warning("what was refused can't be kept as evidence: %s", error)


def fetch_window(
    profile: PortalProfile | RecordsProfile, target: Target, window: Window, ask: Ask
) -> Iterator[Response]:
    """The pages of a window, by the source's protocol."""
    if isinstance(profile, PortalProfile):
        return portal.fetch_pages(profile.endpoints[window.entity], window, target.root_department_id, ask)
    return records.fetch_pages(profile, window, ask)


class Session:
    """Asks with what opens the source: nothing, a header, or a token that is renewed once when it has expired."""

    def __init__(self, profile: PortalProfile | RecordsProfile, target: Target) -> None:
        self._auth = profile.auth if isinstance(profile, RecordsProfile) else None
        self._target = target
        self._token: str | None = None

    def post(self, path: str, payload: dict[str, Any]) -> Response:
        """POST to the source; raises as post_json."""
        had_token = self._token is not None
        try:
            return self._post(path, payload)
        except RejectedResponseError as rejected:
            if not had_token or rejected.response.status != UNAUTHORIZED:
                raise
            self._token = None  # a token that has worked and no longer does has expired
            pause(self._target.policy)
            return self._post(path, payload)

    def _post(self, path: str, payload: dict[str, Any]) -> Response:
        target = self._target
        url, headers = target.host + path, self._authorize()
        return post_json(url, payload, target.policy, headers=headers, route=target.route)

    def _authorize(self) -> dict[str, str]:
        if self._auth is None:
            return {}
        if not isinstance(self._auth, ClientCredentialsAuth):
            return {self._auth.header: self._target.password}
        if self._token is None:
            target = self._target
            url = target.host + self._auth.path
            self._token = request_token(url, target.login, target.password, target.policy, route=target.route)
        return {"Authorization": f"Bearer {self._token}"}


def land_file(archive: Archive, window: Window, file: InboxFile) -> Capture:
    """Archive a file of the inbox as it is. Of one too large to be read only its name and size are kept."""
    archive.discard_drafts(window.name)
    content = file.read() if file.sha256 else b""
    told = {"file": file.name, "size": file.size, "refused": None if file.sha256 else "too_large"}
    response = Response(file.address, told, 200, "", content, datetime.now(UTC), file.modified_at)
    return archive.keep(window.name, window.start, [response])
