"""Failures of the way: refusals, pages that are no answers, bodies that arrive broken or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable

from fastapi import Response
from starlette.types import Receive, Scope, Send

from simulator.faults import PAYLOAD_FAULTS, QUERY_FAULTS, Fault

JSON_TYPE = "application/json; charset=utf-8"
CREATED = 201  # the portal answers its POSTs with 201

MAINTENANCE = """<!DOCTYPE html>
<html lang="vi"><head><title>Bảo trì hệ thống</title></head>
<body><h1>Hệ thống đang bảo trì</h1><p>Xin quay lại sau.</p></body></html>"""
REJECTION = """<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. \
Please consult with your administrator.<br><br>Your support ID is: 4611686018427387904<br><br>\
<a href='javascript:history.back();'>[Go Back]</a></body></html>"""


def write_refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error in the portal's envelope."""
    body = json.dumps({"code": code, "data": None, "message": message}, ensure_ascii=False)
    return Response(body, status, headers, media_type=JSON_TYPE)


class BrokenResponse(Response):
    """Promises all of the body, sends half of it and hangs up: the server closes a connection left incomplete."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the headers and half of the body, and return."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


def cut_body(body: bytes) -> Response:
    """Two thirds of the body under a Content-Length that fits them: only the JSON tells."""
    return Response(body[: len(body) * 2 // 3], CREATED, media_type=JSON_TYPE)


def drop_connection(body: bytes) -> Response:
    """Hang up in the middle of the body."""
    return BrokenResponse(body, CREATED, media_type=JSON_TYPE)


def recode_latin1(body: bytes) -> Response:
    """Latin-1 bytes under a header that says UTF-8; letters that Latin-1 lacks become question marks."""
    return Response(body.decode().encode("latin-1", errors="replace"), CREATED, media_type=JSON_TYPE)


# Instead of an answer, before the question is looked at.
REFUSALS: dict[str, Callable[[Fault], Response]] = {
    "html_200": lambda fault: Response(MAINTENANCE, fault.status, media_type="text/html; charset=utf-8"),
    "firewall_page": lambda fault: Response(REJECTION, fault.status, media_type="text/html; charset=utf-8"),
    "unauthorized": lambda _: write_refusal(401, "UNAUTHORIZED", "Unauthorized"),
    "forbidden": lambda _: write_refusal(403, "FORBIDDEN", "Forbidden"),
    "rate_limited": lambda fault: write_refusal(
        429, "TOO_MANY_REQUESTS", "Too many requests", {"Retry-After": f"{fault.seconds:.0f}"}
    ),
    "server_error": lambda _: write_refusal(500, "INTERNAL_SERVER_ERROR", "Internal server error"),
}
# The right answer, on a bad way.
DAMAGES: dict[str, Callable[[bytes], Response]] = {
    "cut_body": cut_body,
    "dropped_connection": drop_connection,
    "latin1": recode_latin1,
}
HANG = "timeout"

KINDS = frozenset({HANG, *REFUSALS, *DAMAGES, *QUERY_FAULTS, *PAYLOAD_FAULTS})
