"""JSON bodies as sources send them: exact numbers, and no text that a database could not hold."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

Trouble = Literal["wrong_encoding", "not_json"]


def parse_body(body: bytes) -> tuple[dict[str, Any], Trouble | None]:
    """The JSON object, or an empty one and the trouble with the bytes. A byte order mark before it is skipped."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return {}, "wrong_encoding"
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_reject_constant)
        json.dumps(document, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair: no database can hold it
        return {}, "wrong_encoding"
    except (ValueError, RecursionError, InvalidOperation):
        return {}, "not_json"
    if re.search(r"\\u0000", text) or "\x00" in text:
        return {}, "wrong_encoding"
    return (document, None) if isinstance(document, dict) else ({}, "not_json")


def as_dict(value: Any) -> dict[str, Any]:
    """The object, or an empty one in its place."""
    return value if isinstance(value, dict) else {}


def as_text(value: Any, default: str | None = None) -> str | None:
    """Text as it came; a number in its place is written out, anything else is ``default``."""
    if isinstance(value, str):
        return value or default
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else default


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
