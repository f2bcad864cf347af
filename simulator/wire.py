"""The portal's answers: envelope, pages and bytes around the nodes of ``metrics`` and ``trees``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID
from simulator.metrics import write_digitized, write_satisfaction, write_transparency
from simulator.periods import Period, RefusedError, parse_question
from simulator.trees import write_online, write_payment, write_progress
from simulator.values import FIRST_YEAR, Values

Payload = dict[str, Any]

WRITERS = {
    "transparency": write_transparency,
    "handling-satisfaction": write_satisfaction,
    "dossier-digitized": write_digitized,
    "dvc-progress-tree": write_progress,
    "provide-online-tree": write_online,
    "formality-online-payment-tree": write_payment,
}


@dataclass(frozen=True, slots=True)
class Query:
    """A page of an endpoint's answer on ``period`` as known at the end of ``day``."""

    endpoint: str
    period: Period
    page: int
    page_size: int
    day: date


def read_query(values: Values, endpoint: str, body: bytes, day: date) -> Query:
    """The query of a request; raises RefusedError where there is no answer."""
    question = parse_question(endpoint, body)
    if question.root_department_id != ROOT_DEPARTMENT_ID:
        raise RefusedError(404, "NOT_FOUND", f"no department {question.root_department_id}")
    period = question.period()
    if period.first > day:
        raise RefusedError(400, "BAD_REQUEST", f"the period from {period.first} hasn't begun: values end on {day}")
    if period.first.year < FIRST_YEAR or ROOT_CODE not in values.valid_agencies(day):
        raise RefusedError(404, "NOT_FOUND", f"no values of {ROOT_CODE} for {period.first.year} on {day}")
    return Query(endpoint, period, question.current_page, question.page_size, day)


def write_payload(values: Values, query: Query) -> Payload:
    """The whole answer to ``query``. The trees ignore page and page size; a page beyond the last is empty."""
    data = WRITERS[query.endpoint](values.take_snapshot(query.period, query.day))
    if "evaluation" in data:
        entries = data["evaluation"]
        data["evaluation"] = entries[(query.page - 1) * query.page_size : query.page * query.page_size]
        data["pagination"] = {
            "total": len(entries),
            "currentPage": query.page,
            "pageSize": query.page_size,
            "totalPages": -(-len(entries) // query.page_size),
        }
    return {"code": "OK", "data": data, "message": "OK"}


def encode_payload(payload: Payload) -> bytes:
    """UTF-8, nothing escaped, no spaces, no newline at the end."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
