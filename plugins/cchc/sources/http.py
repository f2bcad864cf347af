"""Asking a source over HTTP: politely, never twice at once, never past a refusal (sources.md, HTTP sources)."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from cchc.sources.errors import SourceError, SourceRefusedError, SourceUnavailableError
from cchc.sources.json_body import parse_body
from cchc.sources.profile import RequestPolicy

log = logging.getLogger(__name__)

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Response:
    """An answer as received. ``captured_at`` is the server's Date, else our clock; always with time zone.

    ``modified_at``: of a file, when it was last changed.
    """

    url: str
    request: dict[str, Any]
    status: int
    content_type: str
    body: bytes
    captured_at: datetime
    modified_at: datetime | None = None


class RejectedResponseError(Exception):
    """Carries a response that isn't an answer to the question, so that its bytes can be kept as evidence."""

    def __init__(self, cause: SourceError, response: Response) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.response = response


def check_host(host: str) -> str:
    """Return the base URL without its last slash; refuses plain http beyond loopback."""
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SourceError(f"the connection's host {host!r} is no http(s) address: write https://…")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SourceError(f"{host} is plain http: only https is used beyond this machine")
    return host.rstrip("/")


def post_json(
    url: str,
    payload: dict[str, Any],
    policy: RequestPolicy,
    sleep: Callable[[float], None] = time.sleep,
    headers: Mapping[str, str] | None = None,
    ca_file: str | None = None,
) -> Response:
    """POST ``payload`` until there is an answer, at most ``policy.tries`` times. ``headers`` are told to nobody else.

    ``ca_file``: certificates to trust in place of those that requests brings, as of an office's own authority.
    Raises SourceRefusedError or SourceUnavailableError (ask nothing more tonight), SourceError (this window only), or
    RejectedResponseError around one of them when there are bytes to keep.
    """
    return _accept(_ask(url, payload, policy, sleep, json=payload, headers=headers, verify=ca_file or True), policy)


def _ask(
    url: str, payload: dict[str, Any], policy: RequestPolicy, sleep: Callable[[float], None], **sent: Any
) -> Response:
    """Try until there is an answer; raises as post_json when there is none."""
    for number in range(1, policy.tries + 1):
        response, retry_after, trouble = _try_once(url, payload, policy, **sent)
        if response is not None and not trouble:
            return response
        wait = _choose_wait(number, retry_after, policy)
        if number == policy.tries or wait > policy.longest_wait_seconds:
            told = f"; told to wait {wait:.0f} s" if wait > policy.longest_wait_seconds else ""
            gone = SourceUnavailableError(f"POST {url} {payload}: {trouble} at try {number} of {policy.tries}{told}")
            if response is not None:
                raise RejectedResponseError(gone, response)
            raise gone
        log.warning("POST %s: %s; try %d of %d in %.1f s", url, trouble, number + 1, policy.tries, wait)
        sleep(wait)
    raise AssertionError("a policy has at least one try")


def pause(policy: RequestPolicy) -> None:
    """The pause between two requests, with jitter."""
    time.sleep(policy.pause_seconds * (1 + random.random() / 2))  # noqa: S311 - politeness, not secrecy


def request_token(
    url: str,
    login: str,
    password: str,
    policy: RequestPolicy,
    sleep: Callable[[float], None] = time.sleep,
    ca_file: str | None = None,
) -> str:
    """A bearer token by OAuth 2 client credentials (sources.md, one_stop). Its answer is neither archived nor told.

    Raises SourceRefusedError where login or password don't hold, else SourceUnavailableError.
    """
    form = {"grant_type": "client_credentials"}
    try:
        response = _ask(url, form, policy, sleep, data=form, auth=(login, password), verify=ca_file or True)
    except RejectedResponseError as rejected:
        raise rejected.cause from None
    token = parse_body(response.body)[0].get("access_token")
    if response.status in (400, 401, 403):
        raise SourceRefusedError(f"POST {url}: HTTP {response.status}, the connection's login or password is refused")
    if response.status != 200 or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise SourceUnavailableError(f"POST {url}: HTTP {response.status} without an access_token")
    return token


def _try_once(
    url: str, payload: dict[str, Any], policy: RequestPolicy, headers: Mapping[str, str] | None = None, **sent: Any
) -> tuple[Response | None, float | None, str | None]:
    """One try: the response, what Retry-After asks for, and what makes it worth another try."""
    try:
        with requests.post(
            url,
            **sent,
            timeout=(policy.connect_timeout_seconds, policy.read_timeout_seconds),
            allow_redirects=False,
            stream=True,
            headers={"Accept": "application/json", "User-Agent": "cchc", **(headers or {})},
        ) as answer:
            body = _read_body(answer, policy)
            response = Response(
                url=url,
                request=payload,
                status=answer.status_code,
                content_type=answer.headers.get("Content-Type", ""),
                body=body,
                captured_at=_read_date(answer.headers.get("Date")),
            )
            if (answer.status_code == 429 or answer.status_code >= 500) and not _find_firewall_sign(response, policy):
                return response, _read_retry_after(answer, response.captured_at), f"HTTP {answer.status_code}"
            return response, None, None
    except requests.exceptions.ContentDecodingError as error:
        raise SourceError(f"POST {url} {payload}: the body isn't encoded as its header says") from error
    except requests.Timeout:
        return None, None, f"no answer within {policy.read_timeout_seconds:g} s"
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        return None, None, f"connection lost ({type(error).__name__})"


def _read_body(answer: requests.Response, policy: RequestPolicy) -> bytes:
    pieces, size = [], 0
    for piece in answer.iter_content(1 << 16):
        size += len(piece)
        if size > policy.largest_body_bytes:
            raise SourceError(f"POST {answer.url}: the body is larger than {policy.largest_body_bytes} bytes; refused")
        pieces.append(piece)
    return b"".join(pieces)


def _accept(response: Response, policy: RequestPolicy) -> Response:
    name = f"POST {response.url} {response.request}: HTTP {response.status}"
    if response.status in (401, 403):
        raise RejectedResponseError(SourceRefusedError(f"{name}: the source refuses us"), response)
    sign = _find_firewall_sign(response, policy)
    if sign:
        raise RejectedResponseError(SourceRefusedError(f'{name}: a firewall\'s page ("{sign}")'), response)
    if _is_html(response):
        raise RejectedResponseError(SourceError(f"{name}: an HTML page where JSON was asked for"), response)
    if response.status not in (200, 201):
        said = " ".join(response.body[:2_000].decode("utf-8", "replace").split())[:200]
        raise RejectedResponseError(SourceError(f"{name}: not an answer, it says: {said}"), response)
    return response


def _read_start(response: Response) -> str:
    return response.body[:20_000].decode("utf-8", "replace").lower()


def _is_html(response: Response) -> bool:
    return "<html" in _read_start(response) or "text/html" in response.content_type.lower()


def _find_firewall_sign(response: Response, policy: RequestPolicy) -> str | None:
    if not _is_html(response):
        return None
    return next((sign for sign in policy.firewall_signs if sign in _read_start(response)), None)


def _choose_wait(number: int, retry_after: float | None, policy: RequestPolicy) -> float:
    if retry_after is not None:
        return retry_after
    wait = policy.first_wait_seconds * 2 ** (number - 1) * (1 + random.random() / 4)  # noqa: S311
    return min(float(wait), policy.longest_wait_seconds)


def _read_date(header: str | None) -> datetime:
    try:
        moment = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_retry_after(answer: requests.Response, now: datetime) -> float | None:
    header = answer.headers.get("Retry-After", "").strip()
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - now).total_seconds()) if moment.tzinfo else None
