"""The rules of include/expectations/ by their id: the fields of a row that they use, and their notes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from cchc.settings import EXPECTATIONS


@cache
def read_rule_fields(suite: str) -> Mapping[str, Sequence[str]]:
    """Rule → headings or names on the wire, for the rules of a suite that name them in ``meta``."""
    metas = [expectation["meta"] for expectation in _read_expectations(suite)]
    return {meta["rule_id"]: meta["fields"] for meta in metas if "fields" in meta}


@cache
def read_rule_notes(suite: str) -> Mapping[str, str]:
    """Rule → its note: the state that it demands or the mistake that it finds. Rules of one id share the first."""
    notes: dict[str, str] = {}
    for expectation in _read_expectations(suite):
        notes.setdefault(expectation["meta"]["rule_id"], str(expectation.get("notes", "")))
    return notes


def _read_expectations(suite: str) -> list[dict[str, Any]]:
    content = json.loads((EXPECTATIONS / f"{suite}.json").read_text(encoding="utf-8"))
    expectations: list[dict[str, Any]] = content["expectations"]
    return expectations
