"""The HTTP side: the portal's six endpoints, and the control calls that no portal has."""

from __future__ import annotations

import asyncio
from datetime import UTC, date
from email.utils import format_datetime
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import AwareDatetime, BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.controls import Controls
from simulator.failures import CREATED, DAMAGES, HANG, JSON_TYPE, REFUSALS, write_refusal
from simulator.faults import Fault, alter_payload, alter_query
from simulator.figures import Figures
from simulator.periods import RefusedError, described_day
from simulator.wire import encode_payload, read_query, write_payload

BASE_PATH = "/api/v1/reporting/evaluation"


class Clock(BaseModel):
    """Body of ``PUT /control/clock``."""

    now: AwareDatetime


class DatedResponses:
    """Gives every response the simulated time as its HTTP ``Date``; the server's own is switched off."""

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


def respond(figures: Figures, endpoint: str, body: bytes, day: date, fault: Fault | None) -> Response:
    """The portal's answer to ``body`` when its figures end with ``day``; pure but for the caches of ``figures``."""
    if fault and fault.kind in REFUSALS:
        return REFUSALS[fault.kind](fault)
    try:
        query = alter_query(read_query(figures, endpoint, body, day), fault)
    except RefusedError as error:
        return write_refusal(error.status, error.code, str(error))
    content = encode_payload(alter_payload(write_payload(figures, query), fault))
    if fault and fault.kind in DAMAGES:
        return DAMAGES[fault.kind](content)
    return Response(content, CREATED, media_type=JSON_TYPE)


async def await_hangup(request: Request, seconds: float) -> None:
    """Leave the client waiting for ``seconds``, or until it hangs up."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


def build_app(figures: Figures, controls: Controls) -> FastAPI:
    """The server for one province and one set of switches."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(DatedResponses, controls=controls)

    @app.post(BASE_PATH + "/{endpoint}")
    async def answer(endpoint: str, request: Request) -> Response:
        body = await request.body()
        fault = controls.take_fault(endpoint)
        entry = controls.log_request(endpoint, body, fault)
        if fault and fault.kind == HANG:
            await await_hangup(request, fault.seconds)
        response = respond(figures, endpoint, body, described_day(controls.now), fault)
        controls.log_answer(entry, response.status_code)
        return response

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

    return app
