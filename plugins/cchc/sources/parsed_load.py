"""What reading a capture gives, whatever the protocol: rows for staging. Reading never raises on what came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reading:
    """``response``: the answer as a whole, one row; ``rows``: its rows, numbered from 1. Keys are staging's columns."""

    response: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
