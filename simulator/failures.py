"""Failures of transport: refusals, HTML pages in place of answers, bodies that arrive broken or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from fastapi import Response
from starlette.types import Receive, Scope, Send

from simulator.faults import PAYLOAD_FAULTS, QUERY_FAULTS, Fault
from simulator.periods import ENDPOINTS, RefusedError
from simulator.record_faults import LAGGING, LIST_FAULTS, PAGE_FAULTS
from simulator.records import DISBURSEMENT, DOCUMENTS, TOKEN

JSON_TYPE = "application/json; charset=utf-8"
CREATED = 201  # the portal answers its POSTs with 201

MAINTENANCE = """<!DOCTYPE html>
<html lang="vi"><head><title>Bảo trì hệ thống</title></head>
<body><h1>Hệ thống đang bảo trì</h1><p>Xin quay lại sau.</p></body></html>"""
REJECTION = """<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. \
Please consult with your administrator.<br><br>Your support ID is: 4611686018427387904<br><br>\
<a href='javascript:history.back();'>[Go Back]</a></body></html>"""


class Manners(NamedTuple):
    """The HTTP status of an interface's good answers, and the body of its refusals."""

    good_status: int
    write_refusal: Callable[[int, str, str], dict[str, Any]]


PORTAL = Manners(CREATED, lambda status, code, message: {"code": code, "data": None, "message": message})
RECORDS = Manners(200, lambda status, code, message: {"error_code": status, "message": message})
TOKENS = Manners(200, lambda status, code, message: {"error": code.lower(), "error_description": message})


def refuse(manners: Manners, refusal: RefusedError, headers: dict[str, str] | None = None) -> Response:
    """A refusal in the envelope of the interface."""
    body = json.dumps(manners.write_refusal(refusal.status, refusal.code, str(refusal)), ensure_ascii=False)
    return Response(body, refusal.status, headers, media_type=JSON_TYPE)


class BrokenResponse(Response):
    """Announces the whole body and sends half of it; the server then closes the incomplete connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the headers and half of the body, and return."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


def cut_body(body: bytes, status: int) -> Response:
    """Two thirds of the body under a Content-Length that fits them: only the JSON is broken."""
    return Response(body[: len(body) * 2 // 3], status, media_type=JSON_TYPE)


def drop_connection(body: bytes, status: int) -> Response:
    """Hang up in the middle of the body."""
    return BrokenResponse(body, status, media_type=JSON_TYPE)


def recode_latin1(body: bytes, status: int) -> Response:
    """Latin-1 bytes under a header that states UTF-8; letters that Latin-1 lacks become question marks."""
    return Response(body.decode().encode("latin-1", errors="replace"), status, media_type=JSON_TYPE)


def write_page(page: str) -> Callable[[Fault, Manners], Response]:
    """An HTML page under the status of the fault."""
    return lambda fault, _: Response(page, fault.status, media_type="text/html; charset=utf-8")


def refuse_all(status: int, code: str, message: str, *, retry: bool = False) -> Callable[[Fault, Manners], Response]:
    """The same refusal for every question; ``retry``: with a Retry-After."""
    error = RefusedError(status, code, message)
    return lambda fault, manners: refuse(manners, error, {"Retry-After": f"{fault.seconds:.0f}"} if retry else None)


# In place of an answer, before the question is read.
REFUSALS: dict[str, Callable[[Fault, Manners], Response]] = {
    "html_200": write_page(MAINTENANCE),
    "firewall_page": write_page(REJECTION),
    "unauthorized": refuse_all(401, "UNAUTHORIZED", "Unauthorized"),
    "forbidden": refuse_all(403, "FORBIDDEN", "Forbidden"),
    "rate_limited": refuse_all(429, "TOO_MANY_REQUESTS", "Too many requests", retry=True),
    "server_error": refuse_all(500, "INTERNAL_SERVER_ERROR", "Internal server error"),
}
# The right answer, damaged in transport.
DAMAGES: dict[str, Callable[[bytes, int], Response]] = {
    "cut_body": cut_body,
    "dropped_connection": drop_connection,
    "latin1": recode_latin1,
}
HANG = "timeout"
EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of a failure

ON_THE_WAY = frozenset({HANG, *REFUSALS, *DAMAGES})
PORTAL_KINDS = ON_THE_WAY | {*QUERY_FAULTS, *PAYLOAD_FAULTS}
RECORDS_KINDS = ON_THE_WAY | {*PAGE_FAULTS, *LIST_FAULTS}

# Source → endpoint → the kinds of faults that it can have. The endpoint is also its name in the request log.
SOURCES: dict[str, dict[str, frozenset[str]]] = {
    "national_portal": dict.fromkeys(ENDPOINTS, PORTAL_KINDS),
    "eoffice": {DOCUMENTS: RECORDS_KINDS | {LAGGING}},
    "treasury": {TOKEN: ON_THE_WAY, DISBURSEMENT: RECORDS_KINDS | {EXPIRED_TOKEN}},
}
KINDS = {endpoint: kinds for endpoints in SOURCES.values() for endpoint, kinds in endpoints.items()}
