"""Requests to a source over HTTP: polite, one at a time, none after a refusal.

Proxies, certificates and deadlines belong to ``http_session``, the content of bodies to the protocols.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from cchc.settings import read_now
from cchc.sources.errors import SourceError, SourceRefusedError, SourceUnavailableError
from cchc.sources.http_session import DIRECT, Deadline, Route, is_loopback, open_session
from cchc.sources.json_body import parse_body
from cchc.sources.profile_parts import RequestPolicy

log = logging.getLogger(__name__)

# A server's clock that differs more from ours is wrong: by its Date a snapshot would describe another day.
MAX_CLOCK_DIFFERENCE = timedelta(days=1)


@dataclass(frozen=True)
class Response:
    """An answer as received. ``captured_at`` is the server's Date, else our clock (choose_time); with time zone.

    ``modified_at``: the time at which a file was last changed; None for an answer.
    """

    url: str
    request: dict[str, Any]
    status: int
    content_type: str
    body: bytes
    captured_at: datetime
    modified_at: datetime | None = None


class RejectedResponseError(Exception):
    """A response that is no answer to the request; it carries the bytes, to be kept as evidence."""

    def __init__(self, cause: SourceError, response: Response) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.response = response


def check_host(host: str) -> str:
    """The base URL without its last slash. Raises SourceError for plain http beyond this machine."""
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SourceError(f"the connection's host {host!r} is no http(s) address: write https://…")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SourceError(f"{host} is plain http: only https is used beyond this machine")
    return host.rstrip("/")


def post_json(
    url: str,
    payload: dict[str, Any],
    policy: RequestPolicy,
    sleep: Callable[[float], None] = time.sleep,
    headers: Mapping[str, str] | None = None,
    route: Route = DIRECT,
) -> Response:
    """POST ``payload`` until there is an answer, at most ``policy.tries`` times. No log or error shows ``headers``.

    Raises SourceRefusedError or SourceUnavailableError (ask nothing more in this run), SourceError (this window only),
    or RejectedResponseError around one of them when there are bytes to keep.
    """
    return _accept(_ask(url, payload, policy, sleep, route, json=payload, headers=headers), policy)


def _ask(
    url: str, payload: dict[str, Any], policy: RequestPolicy, sleep: Callable[[float], None], route: Route, **sent: Any
) -> Response:
    """The first answer of several tries. Raises as post_json when there is none."""
    for number in range(1, policy.tries + 1):
        response, retry_after, trouble = _try_once(url, payload, policy, route, sent)
        if response is not None and not trouble:
            return response
        wait = _choose_wait(number, retry_after, policy)
        is_wait_too_long = (retry_after or 0) > policy.max_wait_seconds
        if number == policy.tries or is_wait_too_long:
            asked = f"; it asks for a wait of {retry_after:.0f} s" if is_wait_too_long else ""
            gone = SourceUnavailableError(f"POST {url} {payload}: {trouble} at try {number} of {policy.tries}{asked}")
            if response is not None:
                raise RejectedResponseError(gone, response)
            raise gone
        log.warning("POST %s: %s; try %d of %d in %.1f s", url, trouble, number + 1, policy.tries, wait)
        sleep(wait)
    raise AssertionError("a policy has at least one try")


def pause(policy: RequestPolicy) -> None:
    """Wait between two requests, with jitter."""
    time.sleep(_choose_pause(policy))


def _choose_pause(policy: RequestPolicy) -> float:
    return policy.pause_seconds * (1 + random.random() / 2)  # noqa: S311 - politeness, not secrecy


def request_token(
    url: str,
    login: str,
    password: str,
    policy: RequestPolicy,
    sleep: Callable[[float], None] = time.sleep,
    route: Route = DIRECT,
) -> str:
    """A bearer token by OAuth 2 client credentials. Its answer is neither archived nor shown.

    Raises SourceRefusedError where login or password are wrong, else SourceUnavailableError.
    """
    form = {"grant_type": "client_credentials"}
    try:
        response = _ask(url, form, policy, sleep, route, data=form, auth=(login, password))
    except RejectedResponseError as rejected:
        raise rejected.cause from None
    token = parse_body(response.body)[0].get("access_token")
    if response.status in (400, 401, 403):
        raise SourceRefusedError(f"POST {url}: HTTP {response.status}, the connection's login or password is refused")
    if response.status != 200 or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise SourceUnavailableError(f"POST {url}: HTTP {response.status} without an access_token")
    return token


def _try_once(
    url: str, payload: dict[str, Any], policy: RequestPolicy, route: Route, sent: Mapping[str, Any]
) -> tuple[Response | None, float | None, str | None]:
    """One try: the response, the seconds that Retry-After asks for, and the trouble that makes another try sensible."""
    with Deadline(policy.answer_timeout_seconds) as deadline:
        late = f"no whole answer within {policy.answer_timeout_seconds:g} s"
        try:
            response, headers = _exchange(url, payload, policy, deadline, route, sent)
        except (requests.RequestException, ValueError) as error:  # the latter of a Location that can't be read
            if deadline.is_over:
                return None, None, late
            if isinstance(error, requests.exceptions.ContentDecodingError):
                raise SourceError(f"POST {url} {payload}: the body isn't encoded as its header states") from error
            return None, None, _explain_failure(error, policy, route)
        if deadline.is_over:  # cut, a body without a length looks whole
            return None, None, late
    if (response.status == 429 or response.status >= 500) and not _find_firewall_sign(response, policy):
        return response, _read_retry_after(headers), f"HTTP {response.status}"
    return response, None, None


def _exchange(
    url: str,
    payload: dict[str, Any],
    policy: RequestPolicy,
    deadline: Deadline,
    route: Route,
    sent: Mapping[str, Any],
) -> tuple[Response, Mapping[str, str]]:
    """Send one request; the response and its headers."""
    headers = {"Accept": "application/json", "User-Agent": "cchc", **(sent.get("headers") or {})}
    with (
        open_session(url, deadline, route) as session,
        session.post(
            url,
            **{**sent, "headers": headers},
            timeout=(policy.connect_timeout_seconds, policy.read_timeout_seconds),
            allow_redirects=False,
            stream=True,
        ) as answer,
    ):
        response = Response(
            url=url,
            request=payload,
            status=answer.status_code,
            content_type=answer.headers.get("Content-Type", ""),
            body=_read_body(answer, policy),
            captured_at=choose_time(answer.headers.get("Date"), read_now(), url),
        )
        return response, answer.headers


def _explain_failure(error: Exception, policy: RequestPolicy, route: Route) -> str:
    """Why a request brought no answer, without the password that a proxy's address may hold."""
    if isinstance(error, requests.Timeout):
        return f"no answer within {policy.read_timeout_seconds:g} s"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy of the connection's extra doesn't let us through"
    if isinstance(error, requests.exceptions.SSLError):
        found = re.search(r"certificate verify failed: [^(]*", str(error))
        return f"TLS fails ({found[0].strip() if found else type(error).__name__})"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return f"connection lost ({type(error).__name__}{', through the proxy' if route.proxy else ''})"
    return f"the reply is no HTTP answer ({type(error).__name__})"


def _read_body(answer: requests.Response, policy: RequestPolicy) -> bytes:
    pieces, size = [], 0
    for piece in answer.iter_content(1 << 16):
        size += len(piece)
        if size > policy.max_body_bytes:
            raise SourceError(
                f"POST {answer.url}: the body is larger than {policy.max_body_bytes} bytes; it is dropped"
            )
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
        text = " ".join(response.body[:2_000].decode("utf-8", "replace").split())[:200]
        raise RejectedResponseError(SourceError(f"{name}: not an answer, its text: {text}"), response)
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
    """Seconds before the next try: those of Retry-After, and never fewer than without it."""
    backoff = policy.first_wait_seconds * 2 ** (number - 1) * (1 + random.random() / 4)  # noqa: S311
    return max(min(float(backoff), policy.max_wait_seconds), _choose_pause(policy), retry_after or 0)


def choose_time(header: str | None, now: datetime, url: str) -> datetime:
    """When an answer was given: the server's Date, or ``now`` where it has none or one that can't be right.

    On this machine an earlier Date counts: a simulator has a clock of its own.
    """
    answered_at = _read_date(header)
    if answered_at is None:
        return now
    is_early = now - answered_at > MAX_CLOCK_DIFFERENCE and not is_loopback(urlsplit(url).hostname)
    if answered_at - now > MAX_CLOCK_DIFFERENCE or is_early:
        log.warning("POST %s: the server's clock shows %s, ours %s; ours counts", url, header, now.isoformat())
        return now
    return answered_at


def _read_date(header: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait; a date counts from the server's own."""
    header = headers.get("Retry-After", "").strip()
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    now = _read_date(headers.get("Date")) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds()) if moment.tzinfo else None
