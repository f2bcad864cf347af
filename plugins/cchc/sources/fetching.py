"""Fetch: ask a source for one window, or take a file of the inbox, and archive the bytes as received.

Choosing what to fetch belongs to the tasks, the requests themselves to the protocols.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from cchc.sources.errors import SourceError
from cchc.sources.http import RejectedResponseError, Response, check_host, pause, post_json, request_token
from cchc.sources.http_session import read_route
from cchc.sources.inbox import InboxFile
from cchc.sources.profile_parts import ClientCredentialsAuth
from cchc.sources.protocols.protocol import ApiProfile
from cchc.sources.raw_archive import Archive, Capture, Draft
from cchc.sources.target import Target
from cchc.sources.window import FileScope, Window

log = logging.getLogger(__name__)

UNAUTHORIZED = 401
# The log names the progress of a window once in so many pages.
LOG_EVERY_PAGES = 50


def read_target(
    profile: ApiProfile, host: str, extra: Mapping[str, Any], login: str = "", password: str = ""
) -> Target:
    """The target that a connection and a profile describe. Raises SourceError where something is missing in it."""
    name = f"connection {profile.connection}"
    if password != password.strip() or not password.isascii() or not (password + " ").isprintable():
        raise SourceError(f"{name}: its password has spaces or line ends around it, or characters no header can hold")
    try:
        policy, route = profile.requests.override(extra), read_route(extra)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise SourceError(f"{name}: extra, {wrong}: {error.errors()[0]['msg']}") from error
    except SourceError as error:
        raise SourceError(f"{name}: {error}") from None
    root = str(extra.get("root_department_id", "")).strip()
    target = Target(check_host(host), policy, root, login, password, route)
    missing = profile.find_missing_setting(target)
    if missing:
        raise SourceError(f"{name}: {missing}")
    return target


def fetch_window(profile: ApiProfile, target: Target, archive: Archive, window: Window, day: date) -> Capture:
    """Ask the source for a window in the run for ``day``, and archive the answer under the day that it describes.

    Raises SourceError; what came of a rejected request stays in the archive as evidence. Raises OSError where the
    archive can't be written.
    """
    archive.discard_drafts(window.name)
    recorder = _Recorder(profile, target, archive, window, day)
    try:
        for number, _ in enumerate(profile.fetch_pages(window, target, recorder.ask), 1):
            if number % LOG_EVERY_PAGES == 0:
                log.info("%s: %d pages so far", window.name, number)
    except (RejectedResponseError, SourceError) as error:
        recorder.keep_evidence()
        raise (error.cause if isinstance(error, RejectedResponseError) else error) from None
    capture = recorder.finish()
    size = sum(page.size for page in capture.pages)
    log.info("%s: %d bytes in %d page(s), describes %s", window.name, size, len(capture.pages), capture.data_date)
    return capture


class _Recorder:
    """Asks for the pages of one window, and writes each to the archive before it returns it."""

    def __init__(self, profile: ApiProfile, target: Target, archive: Archive, window: Window, day: date) -> None:
        self._profile = profile
        self._target = target
        self._archive = archive
        self._window = window
        self._day = day
        self._session = Session(profile, target)
        self._draft: Draft | None = None

    def ask(self, path: str, payload: dict[str, Any]) -> Response:
        """One page, after the pause of the policy. Raises as post_json, and OSError where it can't be archived."""
        pause(self._target.policy)
        try:
            response = self._session.post(path, payload)
        except RejectedResponseError as rejected:
            with _ignoring_full_archive():
                self._keep(rejected.response)
            raise
        self._keep(response)
        return response

    def finish(self) -> Capture:
        """The capture of all pages."""
        if self._draft is None:
            raise SourceError(f"{self._window.name}: its protocol asked for no page")
        return self._draft.finish()

    def keep_evidence(self) -> None:
        """Keep the pages so far as a rejected capture; none where no byte came."""
        with _ignoring_full_archive():
            if self._draft:
                self._draft.finish(is_rejected=True)

    def _keep(self, response: Response) -> None:
        if self._draft is None:
            described = self._profile.choose_data_date(response.captured_at, self._day)
            self._draft = self._archive.begin(self._window.name, described)
        self._draft.add(response)


@contextmanager
def _ignoring_full_archive() -> Iterator[None]:
    """Go on where a rejected answer can't be archived: the caller reports the error of the source, not of the disk."""
    try:
        yield
    except OSError as error:
        log.warning("the rejected answer can't be kept as evidence: %s", error)


class Session:
    """Posts with the login of the source: none, a header, or a token, which is renewed once when it has expired."""

    def __init__(self, profile: ApiProfile, target: Target) -> None:
        self._authentication = profile.authentication
        self._target = target
        self._token: str | None = None

    def post(self, path: str, payload: dict[str, Any]) -> Response:
        """POST to the source. Raises as post_json."""
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
        url, headers = target.host + path, self._make_headers()
        return post_json(url, payload, target.policy, headers=headers, route=target.route)

    def _make_headers(self) -> dict[str, str]:
        if self._authentication is None:
            return {}
        if not isinstance(self._authentication, ClientCredentialsAuth):
            return {self._authentication.header: self._target.password}
        if self._token is None:
            target = self._target
            url = target.host + self._authentication.path
            self._token = request_token(url, target.login, target.password, target.policy, route=target.route)
        return {"Authorization": f"Bearer {self._token}"}


def archive_file(archive: Archive, scope: FileScope, file: InboxFile) -> Capture:
    """Archive a file of the inbox as it is; of a file that is too large, only its name and size.

    Raises OSError where the file has changed since it was listed, or the archive can't be written.
    """
    archive.discard_drafts(scope.name)
    content = file.read() if file.sha256 else b""
    entry = {"file": file.name, "size": file.size, "rejection": None if file.sha256 else "too_large"}
    response = Response(file.address, entry, 200, "", content, datetime.now(UTC), file.modified_at)
    return archive.keep(scope.name, scope.seen_on, [response])
