"""The result of parsing a capture, whatever the protocol: rows for staging."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ParsedLoad:
    """``response``: the answer or file as a whole, one row; ``rows``: its rows, numbered from 1.

    The keys of both are columns of staging; all rows have the same ones, in the same order. A parser never raises on
    what a source sent.
    """

    response: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
