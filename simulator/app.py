"""The HTTP side: the portal's six endpoints, the e-office, the treasury, and the control calls that no source has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import AwareDatetime, BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.access import Access
from simulator.controls import Controls
from simulator.eoffice import EOffice
from simulator.failures import (
    DAMAGES,
    EXPIRED_TOKEN,
    HANG,
    JSON_TYPE,
    PORTAL,
    RECORDS,
    REFUSALS,
    TOKENS,
    Manners,
    refuse,
)
from simulator.faults import Fault, alter_payload, alter_query
from simulator.periods import RefusedError, described_day
from simulator.record_faults import alter_day, alter_list, alter_page
from simulator.records import DISBURSEMENT, DOCUMENTS, TOKEN, find_disbursement, find_documents, write_list
from simulator.values import Values
from simulator.wire import Payload, encode_payload, read_query, write_payload

BASE_PATH = "/api/v1/reporting/evaluation"
DOCUMENTS_PATH = f"/api/thong-ke/{DOCUMENTS}"
DISBURSEMENT_PATH = f"/api/{DISBURSEMENT}"
TOKEN_PATH = f"/{TOKEN}"

Answer = Callable[[Fault | None], Payload]


class Clock(BaseModel):
    """Body of ``PUT /control/clock``."""

    now: AwareDatetime


class DatedResponses:
    """Sets the HTTP ``Date`` of every response to the simulated time; the server's own is off."""

    def __init__(self, app: ASGIApp, controls: Controls) -> None:
        self.app = app
        self.controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through ``app``, dated."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                stamp = format_datetime(self.controls.now.astimezone(UTC), usegmt=True)
                message["headers"] = [*message["headers"], (b"date", stamp.encode("ascii"))]
            await send(message)

        await self.app(scope, receive, send_dated)


def respond(answer: Answer, manners: Manners, fault: Fault | None) -> Response:
    """The answer or the refusal, in the interface's ``manners`` and with ``fault``."""
    if fault and fault.kind in REFUSALS:
        return REFUSALS[fault.kind](fault, manners)
    try:
        content = encode_payload(answer(fault))
    except RefusedError as error:
        return refuse(manners, error)
    if fault and fault.kind in DAMAGES:
        return DAMAGES[fault.kind](content, manners.good_status)
    return Response(content, manners.good_status, media_type=JSON_TYPE)


async def await_hangup(request: Request, seconds: float) -> None:
    """Let the client wait for ``seconds``, or until it hangs up."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


class Sources:
    """The simulated sources behind the server's paths. State is only in caches, tokens and ``controls``."""

    def __init__(self, values: Values, office: EOffice, access: Access, controls: Controls) -> None:
        self.values = values
        self.office = office
        self.access = access
        self.controls = controls

    def answer_portal(self, endpoint: str, body: bytes, fault: Fault | None) -> Payload:
        """A question to the portal."""
        query = alter_query(read_query(self.values, endpoint, body, described_day(self.controls.now)), fault)
        return alter_payload(write_payload(self.values, query), fault)

    def answer_documents(self, token: str | None, body: bytes, fault: Fault | None) -> Payload:
        """A page of the e-office."""
        self.access.check_eoffice(token)
        day = alter_day(described_day(self.controls.now), fault)
        page = alter_page(find_documents(self.office, body, day), fault)
        return alter_list(write_list(page), page, fault)

    def answer_disbursement(self, authorization: str | None, body: bytes, fault: Fault | None) -> Payload:
        """A closing day of the treasury."""
        if fault and fault.kind == EXPIRED_TOKEN:
            self.access.expire_tokens()
        self.access.check_treasury(authorization, self.controls.now)
        day = described_day(self.controls.now)
        page = alter_page(find_disbursement(self.values.seed, body, day), fault)
        return alter_list(write_list(page), page, fault)

    def issue_token(self, authorization: str | None, body: bytes) -> Payload:
        """A bearer token of the treasury."""
        return self.access.issue(authorization, body, self.controls.now)


async def handle(
    request: Request, controls: Controls, place: tuple[str, str], manners: Manners, answer: Callable[..., Payload]
) -> Response:
    """Answer ``request`` at ``place`` (source, endpoint), logged, with the fault that is switched on there."""
    body = await request.body()
    fault = controls.take_fault(place[1])
    entry = controls.log_request(*place, body, fault)
    if fault and fault.kind == HANG:
        await await_hangup(request, fault.seconds)
    response = respond(lambda fault: answer(body, fault), manners, fault)
    controls.log_answer(entry, response.status_code)
    return response


def build_app(sources: Sources) -> FastAPI:
    """The server for one province and one set of switches."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(DatedResponses, controls=sources.controls)
    add_sources(app, sources)
    add_switches(app, sources.controls)
    return app


def add_sources(app: FastAPI, sources: Sources) -> None:
    """The paths that the pipeline asks."""
    controls = sources.controls

    @app.post(BASE_PATH + "/{endpoint}")
    async def ask_portal(endpoint: str, request: Request) -> Response:
        def answer(body: bytes, fault: Fault | None) -> Payload:
            return sources.answer_portal(endpoint, body, fault)

        return await handle(request, controls, ("national_portal", endpoint), PORTAL, answer)

    @app.post(DOCUMENTS_PATH)
    async def ask_eoffice(request: Request) -> Response:
        def answer(body: bytes, fault: Fault | None) -> Payload:
            return sources.answer_documents(request.headers.get("lgspaccesstoken"), body, fault)

        return await handle(request, controls, ("eoffice", DOCUMENTS), RECORDS, answer)

    @app.post(TOKEN_PATH)
    async def ask_token(request: Request) -> Response:
        def answer(body: bytes, fault: Fault | None) -> Payload:
            return sources.issue_token(request.headers.get("authorization"), body)

        return await handle(request, controls, ("treasury", TOKEN), TOKENS, answer)

    @app.post(DISBURSEMENT_PATH)
    async def ask_treasury(request: Request) -> Response:
        def answer(body: bytes, fault: Fault | None) -> Payload:
            return sources.answer_disbursement(request.headers.get("authorization"), body, fault)

        return await handle(request, controls, ("treasury", DISBURSEMENT), RECORDS, answer)


def add_switches(app: FastAPI, controls: Controls) -> None:
    """The control calls."""

    @app.put("/control/clock")
    def set_clock(clock: Clock) -> dict[str, str]:
        controls.set_clock(clock.now)
        return {"now": controls.now.isoformat(), "describes": described_day(controls.now).isoformat()}

    @app.put("/control/fault")
    def set_fault(fault: Fault) -> Fault:
        try:
            controls.set_fault(fault)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return fault

    @app.delete("/control/fault", status_code=204)
    def clear_faults() -> None:
        controls.clear_faults()

    @app.get("/control/requests")
    def list_requests() -> list[dict[str, Any]]:
        return controls.list_requests()
