"""The portal's evaluation protocol: how pages are asked for, and how a body is read.

Field notes: docs/field-notes.md. Reading never raises on what a server sends: what is wrong with a response becomes
columns that the suites judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cchc.sources.http import Response
from cchc.sources.json_body import as_dict, as_text, parse_body
from cchc.sources.parsed_load import Reading
from cchc.sources.profile import Endpoint, Metric, PortalProfile
from cchc.sources.window import Window

PATH = "/api/v1/reporting/evaluation/"
MOST_PAGES = 200

NODE_FIELDS = {
    "stt", "departmentId", "departmentName", "departmentCode", "departmentType", "departmentLevel", "agencyLevel",
    "level", "totalScore", "totalMaxScore", "score", "maxScore", "ratio", "scoreDelta", "metrics",
}  # fmt: skip
METRIC_FIELDS = {
    "code", "name", "numerator", "denominator", "ratio", "score", "maxScore", "dataQualityStatus", "dataQualityMessage",
}  # fmt: skip
ENVELOPE_FIELDS = {"code", "data", "message"}
DATA_FIELDS = {
    "evaluation": {"overview", "monthlyChart", "evaluation", "pagination", "source"},
    "tree": {"parent", "children", "monthlyChart"},
}
LISTS = {"evaluation": ("overview", "evaluation"), "tree": ("parent", "children")}

# Columns of a figure that nothing uses.
UNUSED_COLUMNS = ("score", "max_score")
# A count of more digits than this is no number that a database or a person could mean.
MOST_DIGITS = 40
MOST_ENTRIES = 10**9
# An identity longer than this is none; a database could not even index it.
LONGEST_IDENTITY = 200


def build_request(endpoint: Endpoint, window: Window, root_department_id: str, page: int) -> dict[str, Any]:
    """The JSON body of one request."""
    period: dict[str, Any]
    if endpoint.period_as_dates:
        period = {"fromDate": window.start.isoformat(), "toDate": window.end.isoformat()}
    elif window.period == "month":
        period = {"timeType": "month", "year": window.start.year, "month": window.start.month}
    else:
        period = {"timeType": "year", "year": window.start.year}
    return {
        **period,
        "rootDepartmentId": root_department_id,
        "currentPage": page,
        "pageSize": endpoint.page_size,
    }


def fetch_pages(
    endpoint: Endpoint, window: Window, root_department_id: str, ask: Callable[[str, dict[str, Any]], Response]
) -> Iterator[Response]:
    """Ask for the first page and for as many more as it announces; ``ask`` gets path and body."""
    pages, number = 1, 1
    while number <= pages:
        response = ask(PATH + window.entity, build_request(endpoint, window, root_department_id, number))
        if number == 1:
            pages = min(_count_pages(response.body), MOST_PAGES)
        yield response
        number += 1


def _count_pages(body: bytes) -> int:
    document, _ = parse_body(body)
    pagination = as_dict(as_dict(document.get("data")).get("pagination"))
    pages = pagination.get("totalPages")
    return pages if isinstance(pages, int) and not isinstance(pages, bool) and pages > 0 else 1


def read_bodies(profile: PortalProfile, endpoint_name: str, bodies: list[bytes], asked: str, province: str) -> Reading:
    """Read the pages of one capture. ``asked`` is the rootDepartmentId of the request. Never raises."""
    endpoint = profile.endpoints[endpoint_name]
    reader = _Reader(profile, endpoint)
    for number, body in enumerate(bodies, 1):
        reader.read_page(number, body)
    return Reading(reader.describe(asked, province), reader.statistics)


@dataclass
class _Reader:
    profile: PortalProfile
    endpoint: Endpoint
    is_utf8: bool = True
    is_json: bool = True
    envelope_code: str | None = None
    root: dict[str, Any] = field(default_factory=dict)
    total: int | None = None
    seen: list[str | None] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    missing_unused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    statistics: list[dict[str, Any]] = field(default_factory=list)

    def describe(self, asked: str, province: str) -> dict[str, Any]:
        """The row about the response as a whole."""
        ids = [identity for identity in self.seen if identity is not None]
        return {
            "row_no": 1,
            "is_utf8": self.is_utf8,
            "is_json": self.is_json,
            "envelope_code": self.envelope_code,
            "root_department_id": as_text(self.root.get("departmentId")),
            "expected_root_department_id": asked,
            "root_department_code": as_text(self.root.get("departmentCode")),
            "expected_root_code": province,
            "entries_received": len(set(ids)) + len(self.seen) - len(ids),
            "entries_total": self.total,
            "repeated_entries": len(ids) - len(set(ids)) or self._count_repeated_figures(),
            "figures": len(self.statistics),
            "missing_fields": sorted(self.missing) or None,
            "missing_unused_fields": sorted(self.missing_unused) or None,
            "unknown_fields": sorted(self.unknown) or None,
        }

    def read_page(self, number: int, body: bytes) -> None:
        """Read one page; the province's own figures are taken from the first."""
        document, trouble = parse_body(body)
        self.is_utf8 &= trouble != "wrong_encoding"
        self.is_json &= trouble != "not_json"
        if trouble:
            return
        self.envelope_code = as_text(as_dict(document).get("code"), "")
        if self.envelope_code != "OK":
            return
        data = self._require(document, "data", dict)
        root_name, list_name = LISTS[self.endpoint.shape]
        self._note_unknown(document, ENVELOPE_FIELDS)
        self._note_unknown(data, DATA_FIELDS[self.endpoint.shape])
        if self.endpoint.shape == "evaluation":
            pagination = self._require(data, "pagination", dict)
            self.total = self._require(pagination, "total", int)
            if self.total is not None and abs(self.total) > MOST_ENTRIES:
                self.missing.add("total")
                self.total = None
        root, entries = self._require(data, root_name, dict), self._require(data, list_name, list)
        if number == 1:
            self.root = root
            self._read_node(root, f"page 1 /data/{root_name}", is_root=True)
        for place, entry in enumerate(entries):
            node = as_dict(entry)
            self.seen.append(_as_identity(node.get("departmentId")))
            self._read_node(node, f"page {number} /data/{list_name}/{place}", is_root=False)

    def _read_node(self, node: dict[str, Any], pointer: str, *, is_root: bool) -> None:
        strange = node.keys() - NODE_FIELDS - self._counters() - set(self.endpoint.other_fields)
        self.unknown |= strange
        if "departmentId" not in node:
            self.missing.add("departmentId")
        if self.endpoint.shape == "tree":
            for wire in self.endpoint.metrics.values():
                if is_root or wire.children == "own":
                    self._add(node, node, wire, pointer, is_root=is_root, has_strange=bool(strange))
            return
        metrics = self._require(node, "metrics", list)
        for place, item in enumerate(metrics):
            metric = as_dict(item)
            code = as_text(metric.get("code"))
            strange_here = strange | (metric.keys() - METRIC_FIELDS)
            self.unknown |= strange_here
            if code not in self.endpoint.metrics:
                self.unknown.add(f"metrics.{code}")
                continue
            wire = self.endpoint.metrics[code]
            if is_root or wire.children == "own":
                self._add(
                    node, metric, wire, f"{pointer}/metrics/{place}", is_root=is_root, has_strange=bool(strange_here)
                )
        if is_root:
            given = {as_text(as_dict(item).get("code")) for item in metrics}
            for code in self.endpoint.metrics.keys() - given:
                self._list_gone(self.endpoint.metrics[code]).add(f"metrics.{code}")

    def _add(
        self,
        node: dict[str, Any],
        part: dict[str, Any],
        wire: Metric,
        pointer: str,
        *,
        is_root: bool,
        has_strange: bool,
    ) -> None:
        in_tree = self.endpoint.shape == "tree"
        names = {
            "numerator": wire.numerator if in_tree else "numerator",
            "denominator": wire.denominator if in_tree else "denominator",
            "ratio": wire.ratio if in_tree else "ratio",
            "score": None if in_tree else "score",
            "max_score": None if in_tree else "maxScore",
        }
        gone = {name for column, name in names.items() if name and name not in part and column not in UNUSED_COLUMNS}
        self.missing_unused |= {name for column in UNUSED_COLUMNS if (name := names[column]) and name not in part}
        self._list_gone(wire).update(gone if wire.required or in_tree else {f"{wire.metric}.{name}" for name in gone})
        numbers: dict[str, Decimal | None] = {}
        wrong = []
        for column, name in names.items():
            value = part.get(name) if name else None
            numbers[column] = _as_number(value)
            if value is not None and numbers[column] is None:
                wrong.append(f"{name}: {json.dumps(value, ensure_ascii=True, default=str)[:80]}")
        if not (wire.required or wrong or _is_figure(numbers)):
            # Nobody misses it; each row refused would count towards the share that stops the answer.
            self.missing_unused |= set() if gone else {wire.metric}
            return
        flags = [as_text(part.get("dataQualityStatus")) or "", "unknown_field" if has_strange else ""]
        kind = as_text(node.get("departmentType")) or as_text(node.get("level")) or ""
        self.statistics.append(
            {
                "row_no": len(self.statistics) + 1,
                "pointer": pointer,
                "metric": wire.metric,
                "is_root": is_root,
                "is_additive": wire.additive,
                "department_id": _as_identity(node.get("departmentId")),
                "department_code": _as_identity(node.get("departmentCode")),
                "department_name": as_text(node.get("departmentName")),
                "department_level": "province" if is_root else self.profile.levels.get(kind),
                **numbers,
                "not_a_number": wrong or None,
                "source_flags": [flag for flag in flags if flag] or None,
            }
        )

    def _list_gone(self, wire: Metric) -> set[str]:
        """Where it is noted that a part of ``wire`` is gone."""
        return self.missing if wire.required else self.missing_unused

    def _count_repeated_figures(self) -> int:
        """Figures of one department that are told twice: a metric repeated, or the root among its children."""
        figures = [(row["metric"], row["department_id"]) for row in self.statistics if row["department_id"]]
        return len(figures) - len(set(figures))

    def _counters(self) -> set[str]:
        metrics = self.endpoint.metrics.values()
        return {name for wire in metrics for name in (wire.numerator, wire.denominator, wire.ratio) if name}

    def _note_unknown(self, part: dict[str, Any], known: set[str]) -> None:
        self.unknown |= part.keys() - known

    def _require(self, part: Any, name: str, kind: type) -> Any:
        value = as_dict(part).get(name)
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        self.missing.add(name)
        return None if kind is int else kind()


def _is_figure(numbers: dict[str, Decimal | None]) -> bool:
    """Whether both parts are given, or neither and a ratio."""
    given = [numbers[column] is not None for column in ("numerator", "denominator")]
    return all(given) or (not any(given) and numbers["ratio"] is not None)


def _as_identity(value: Any) -> str | None:
    """An id or code; nothing where it can't be one."""
    text = as_text(value)
    return text if text and len(text) <= LONGEST_IDENTITY else None


def _as_number(value: Any) -> Decimal | None:
    """A JSON number, exactly; None for anything else. Text that looks like a number is not one (the contract)."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    is_small = isinstance(exponent, int) and exponent >= -MOST_DIGITS and number.adjusted() <= MOST_DIGITS
    return number if is_small else None
