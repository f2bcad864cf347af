"""The parser of the portal's bodies: departments and their metrics as rows for staging.

It never raises on a body: what is wrong with one becomes columns that the suites judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cchc.fields.field_map import limit_number
from cchc.sources.json_body import as_dict, as_text, parse_body
from cchc.sources.profile_parts import Endpoint, Level, Metric

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

# Columns of a statistic that no measure uses.
UNUSED_COLUMNS = ("score", "max_score")
MAX_ENTRIES = 10**9
# A longer identity is a mistake; a database could not even index it.
MAX_IDENTITY_LENGTH = 200


@dataclass(frozen=True)
class _Node:
    """One department of a page. ``has_unknown``: it has a field that neither contract nor profile knows."""

    fields: Mapping[str, Any]
    pointer: str
    is_root: bool
    has_unknown: bool


@dataclass
class PageParser:
    """Collects the statistics of all pages of one window. ``levels`` as in the profile."""

    endpoint: Endpoint
    levels: Mapping[str, Level]
    is_utf8: bool = True
    is_json: bool = True
    envelope_code: str | None = None
    root: dict[str, Any] = field(default_factory=dict)
    total: int | None = None
    ids: list[str | None] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    missing_unused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    statistics: list[dict[str, Any]] = field(default_factory=list)

    def describe(self, asked: str, province: str) -> dict[str, Any]:
        """The row about the response as a whole; ``asked``: the rootDepartmentId of the request."""
        known = [identity for identity in self.ids if identity is not None]
        return {
            "row_no": 1,
            "is_utf8": self.is_utf8,
            "is_json": self.is_json,
            "envelope_code": self.envelope_code,
            "root_department_id": as_text(self.root.get("departmentId")),
            "expected_root_department_id": asked,
            "root_department_code": as_text(self.root.get("departmentCode")),
            "expected_root_code": province,
            "entries_received": len(set(known)) + len(self.ids) - len(known),
            "entries_total": self.total,
            "repeated_entries": len(known) - len(set(known)) or self._count_repeated_statistics(),
            "received_rows": len(self.statistics),
            "missing_fields": sorted(self.missing) or None,
            "missing_unused_fields": sorted(self.missing_unused) or None,
            "unknown_fields": sorted(self.unknown) or None,
        }

    def parse_page(self, number: int, body: bytes) -> None:
        """Add one page. The province's own statistics come from the first."""
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
            self._read_total(data)
        root, entries = self._require(data, root_name, dict), self._require(data, list_name, list)
        if number == 1:
            self.root = root
            self._add_node(root, f"page 1 /data/{root_name}", is_root=True)
        for place, entry in enumerate(entries):
            node = as_dict(entry)
            self.ids.append(_as_identity(node.get("departmentId")))
            self._add_node(node, f"page {number} /data/{list_name}/{place}", is_root=False)

    def _read_total(self, data: dict[str, Any]) -> None:
        self.total = self._require(self._require(data, "pagination", dict), "total", int)
        if self.total is not None and abs(self.total) > MAX_ENTRIES:
            self.missing.add("total")
            self.total = None

    def _add_node(self, fields: dict[str, Any], pointer: str, *, is_root: bool) -> None:
        unknown = fields.keys() - NODE_FIELDS - self._counters() - set(self.endpoint.other_fields)
        self.unknown |= unknown
        if "departmentId" not in fields:
            self.missing.add("departmentId")
        node = _Node(fields, pointer, is_root, bool(unknown))
        if self.endpoint.shape == "tree":
            for wire in self.endpoint.metrics.values():
                if is_root or wire.children == "own":
                    self._add(node, fields, wire)
        else:
            self._add_metrics(node)

    def _add_metrics(self, node: _Node) -> None:
        """Add each entry of the node's list ``metrics``."""
        metrics = self._require(node.fields, "metrics", list)
        for place, item in enumerate(metrics):
            metric = as_dict(item)
            code = as_text(metric.get("code"))
            unknown = metric.keys() - METRIC_FIELDS
            self.unknown |= unknown
            if code not in self.endpoint.metrics:
                self.unknown.add(f"metrics.{code}")
                continue
            wire = self.endpoint.metrics[code]
            if node.is_root or wire.children == "own":
                pointer = f"{node.pointer}/metrics/{place}"
                part = _Node(node.fields, pointer, node.is_root, node.has_unknown or bool(unknown))
                self._add(part, metric, wire)
        if node.is_root:
            given = {as_text(as_dict(item).get("code")) for item in metrics}
            for code in self.endpoint.metrics.keys() - given:
                self._missing_fields_of(self.endpoint.metrics[code]).add(f"metrics.{code}")

    def _add(self, node: _Node, part: Mapping[str, Any], wire: Metric) -> None:
        """Add the statistic of one metric; ``part`` holds its numbers: the node of a tree, else an entry of metrics."""
        names = self._name_columns(wire)
        gone = self._note_missing(part, wire, names)
        numbers = {column: _as_number(part.get(name)) if name else None for column, name in names.items()}
        wrong = [
            f"{name}: {json.dumps(part[name], ensure_ascii=True, default=str)[:80]}"
            for column, name in names.items()
            if name and part.get(name) is not None and numbers[column] is None
        ]
        if not (wire.required or wrong or _has_value(numbers)):
            # No measure lacks it; a rejected row would count towards the share that stops the load.
            self.missing_unused |= set() if gone else {wire.metric}
            return
        flags = [as_text(part.get("dataQualityStatus")) or "", "unknown_field" if node.has_unknown else ""]
        kind = as_text(node.fields.get("departmentType")) or as_text(node.fields.get("level")) or ""
        self.statistics.append(
            {
                "row_no": len(self.statistics) + 1,
                "pointer": node.pointer,
                "metric": wire.metric,
                "is_root": node.is_root,
                "is_additive": wire.additive,
                "department_id": _as_identity(node.fields.get("departmentId")),
                "department_code": _as_identity(node.fields.get("departmentCode")),
                "department_name": as_text(node.fields.get("departmentName")),
                "department_level": "province" if node.is_root else self.levels.get(kind),
                **numbers,
                "not_a_number": wrong or None,
                "source_flags": [flag for flag in flags if flag] or None,
            }
        )

    def _name_columns(self, wire: Metric) -> dict[str, str | None]:
        """Column → the field that fills it, None where the shape has none."""
        if self.endpoint.shape == "tree":
            parts = {"numerator": wire.numerator, "denominator": wire.denominator, "ratio": wire.ratio}
            return {**parts, "score": None, "max_score": None}
        names = {"score": "score", "max_score": "maxScore"}
        return {"numerator": "numerator", "denominator": "denominator", "ratio": "ratio", **names}

    def _note_missing(self, part: Mapping[str, Any], wire: Metric, names: Mapping[str, str | None]) -> set[str]:
        """Note the fields that a part lacks; returns those that hold its value."""
        gone = {name for column, name in names.items() if name and name not in part and column not in UNUSED_COLUMNS}
        self.missing_unused |= {name for column in UNUSED_COLUMNS if (name := names[column]) and name not in part}
        is_named_alone = wire.required or self.endpoint.shape == "tree"
        self._missing_fields_of(wire).update(gone if is_named_alone else {f"{wire.metric}.{name}" for name in gone})
        return gone

    def _missing_fields_of(self, wire: Metric) -> set[str]:
        """The set that takes the missing fields of ``wire``."""
        return self.missing if wire.required else self.missing_unused

    def _count_repeated_statistics(self) -> int:
        """Statistics that come twice for one department: a metric repeated, or the root among its children."""
        keys = [(row["metric"], row["department_id"]) for row in self.statistics if row["department_id"]]
        return len(keys) - len(set(keys))

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


def _has_value(numbers: Mapping[str, Decimal | None]) -> bool:
    """Whether both parts are given, or neither and a ratio."""
    given = [numbers[column] is not None for column in ("numerator", "denominator")]
    return all(given) or (not any(given) and numbers["ratio"] is not None)


def _as_identity(value: Any) -> str | None:
    """An id or code; None where it can't be one."""
    text = as_text(value)
    return text if text and len(text) <= MAX_IDENTITY_LENGTH else None


def _as_number(value: Any) -> Decimal | None:
    """A JSON number, exactly; None for anything else. The contract has no numbers written as text."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return limit_number(Decimal(value))
