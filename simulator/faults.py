"""Faults in the content of the portal's answers: functions of a question or of a payload, without state."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.agencies import ROOT_CODE, department_id
from simulator.wire import Payload, Query

Node = dict[str, Any]

HUGE = 10**12
STRANGER = "H99"

# The metrics with a unit's own counts: the others of transparency repeat the province's counts.
OWN_METRICS = {"DOSSIER_SYNC", "DOSSIER_RECEIVING_SATISFACTION", "SO_HOA_GIAY_TO_GIAI_QUYET"}
TREE_COUNTS = (
    ("totalOnTime", "totalReceived"),
    ("totalDossierOnlinePaymentSuccess", "totalDossierFinancialObligation"),
    ("channelOnlineSum", "channelTotalSum"),
    ("totalScore", "totalMaxScore"),  # a child of provide-online has no counts
)


class Fault(BaseModel):
    """A fault of the next ``times`` answers (None: all) of ``endpoint`` (``*``: every endpoint).

    ``n``: number of entries hit, dropped or added; ``good``: good departments added beside ``n`` bad ones; ``where``:
    hit entries or the root; ``field``: the missing field, or several metrics; ``status``: of an HTML page;
    ``seconds``: time of hanging, or of Retry-After.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: str = "*"
    kind: str
    times: int | None = Field(default=None, ge=1)
    n: int = Field(default=1, ge=1)
    good: int = Field(default=0, ge=0)
    where: Literal["entries", "root"] = "entries"
    field: str | None = None
    status: int = 200
    seconds: float = Field(default=5, ge=0)


def root_of(payload: Payload) -> Node:
    """The province's node."""
    data: dict[str, Node] = payload["data"]
    return data["overview"] if "overview" in data else data["parent"]


def entries_of(payload: Payload) -> list[Node]:
    """The list of the units' nodes itself, for changes in place."""
    data: dict[str, list[Node]] = payload["data"]
    return data["evaluation"] if "evaluation" in data else data["children"]


def own_count(node: Node) -> tuple[Node, str, str]:
    """The place of a count of the node's own: holder, key of the numerator, key of the denominator."""
    for metric in node.get("metrics", ()):
        if metric["code"] in OWN_METRICS:
            return metric, "numerator", "denominator"
    return next((node, top, bottom) for top, bottom in TREE_COUNTS if top in node)


def hit_nodes(payload: Payload, fault: Fault) -> list[Node]:
    """The nodes that ``fault`` hits: the first ``n`` entries, or the root, also where entries carry no counts."""
    if fault.where == "root" or "channelTotalSum" in root_of(payload):
        return [root_of(payload)]
    return entries_of(payload)[: fault.n]


def set_count(change: Callable[[int, int], tuple[int | None, int]]) -> Callable[[Payload, Fault], Payload]:
    """A fault that changes (numerator, denominator) of the nodes hit."""

    def alter(payload: Payload, fault: Fault) -> Payload:
        for node in hit_nodes(payload, fault):
            holder, top, bottom = own_count(node)
            holder[top], holder[bottom] = change(holder[top], holder[bottom])
        return payload

    return alter


def shorten_list(payload: Payload, fault: Fault) -> Payload:
    """Drop ``n`` entries; pagination.total, where there is one, still counts them."""
    del entries_of(payload)[-fault.n :]
    return payload


def repeat_entries(payload: Payload, _: Fault) -> Payload:
    """Repeat the first half of a one-page list in place of its second half; the length stays the same."""
    entries = entries_of(payload)
    if payload["data"].get("pagination", {}).get("totalPages", 1) == 1:
        half = len(entries) // 2
        entries[len(entries) - half :] = deepcopy(entries[:half])
    return payload


def change_envelope(payload: Payload, _: Fault) -> Payload:
    """An error of the portal under a good HTTP status."""
    return payload | {"code": "INTERNAL_ERROR", "message": "Đã có lỗi xảy ra"}


def add_field(payload: Payload, _: Fault) -> Payload:
    """Add an unknown field to every node."""
    for node in (root_of(payload), *entries_of(payload)):
        node["verifiedBy"] = "BCQG"
    return payload


def remove_field(payload: Payload, fault: Fault) -> Payload:
    """Remove ``field`` (default: the numerator) from the nodes hit or from their own count."""
    for node in hit_nodes(payload, fault):
        holder, top, _ = own_count(node)
        field = fault.field or top
        if field not in node and field not in holder:
            raise ValueError(f"missing_field: {node['departmentName']} has no {field}")
        (node if field in node else holder).pop(field)
    return payload


def remove_metrics(payload: Payload, fault: Fault) -> Payload:
    """Remove the metrics or counters that ``field`` lists between commas from every node."""
    holder, top, _ = own_count(root_of(payload))
    names = (fault.field or holder.get("code") or top).split(",")
    for node in (root_of(payload), *entries_of(payload)):
        if "metrics" in node:
            node["metrics"] = [metric for metric in node["metrics"] if metric["code"] not in names]
        for name in names:
            node.pop(name, None)
    return payload


def change_root(payload: Payload, _: Fault) -> Payload:
    """Replace the root by another province's; the entries stay."""
    root = root_of(payload)
    root |= {"departmentId": department_id(STRANGER), "departmentName": "UBND tỉnh Khác"}
    if "departmentCode" in root:
        root["departmentCode"] = STRANGER
    return payload


def add_departments(payload: Payload, fault: Fault) -> Payload:
    """Add ``n`` departments with a negative count each, then ``good`` ones without, all on the last page."""
    entries = entries_of(payload)
    pagination = payload["data"].get("pagination", {"currentPage": 1, "totalPages": 1, "total": 0})
    if pagination["currentPage"] == pagination["totalPages"]:
        template = entries[0]
        for number in range(1, fault.n + fault.good + 1):
            node = deepcopy(template)
            code = f"{ROOT_CODE}.X{number:06}"
            node |= {"departmentId": department_id(code), "departmentName": f"Đơn vị thử {number}"}
            if "departmentCode" in node:
                node["departmentCode"] = code
            if number <= fault.n:
                holder, top, _ = own_count(node)
                holder[top] = -number
            entries.append(node)
    pagination["total"] += fault.n + fault.good
    return payload


def ask_yesterday(query: Query) -> Query:
    """The portal wasn't renewed: yesterday's values again."""
    return replace(query, day=max(query.day - timedelta(days=1), query.period.first))


def ask_first_page(query: Query) -> Query:
    """The first page, for a question about any page."""
    return replace(query, page=1)


QUERY_FAULTS: dict[str, Callable[[Query], Query]] = {
    "repeated_snapshot": ask_yesterday,
    "repeated_page": ask_first_page,
}
PAYLOAD_FAULTS: dict[str, Callable[[Payload, Fault], Payload]] = {
    "short_list": shorten_list,
    "repeated_page": repeat_entries,
    "wrong_envelope_code": change_envelope,
    "unknown_field": add_field,
    "missing_field": remove_field,
    "missing_metrics": remove_metrics,
    "wrong_root": change_root,
    "many_bad_rows": add_departments,
    "null_number": set_count(lambda _, denominator: (None, denominator)),
    "huge_count": set_count(lambda numerator, _: (numerator, HUGE)),
    "negative_count": set_count(lambda numerator, denominator: (-max(1, numerator), denominator)),
    "numerator_over_denominator": set_count(lambda _, denominator: (denominator + 1, denominator)),
}


def alter_query(query: Query, fault: Fault | None) -> Query:
    """``query`` as a portal with ``fault`` understands it."""
    return QUERY_FAULTS[fault.kind](query) if fault and fault.kind in QUERY_FAULTS else query


def alter_payload(payload: Payload, fault: Fault | None) -> Payload:
    """A copy of ``payload`` with ``fault`` in it."""
    if fault and fault.kind in PAYLOAD_FAULTS:
        return PAYLOAD_FAULTS[fault.kind](deepcopy(payload), fault)
    return payload
