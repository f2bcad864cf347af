"""Sent files as rows of staging."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cchc.settings import SOURCES
from cchc.sources.profile import read_profile
from cchc.sources.protocols.files import parse_file
from cchc.sources.window import FileScope
from tests.spreadsheets.sent_workbooks import (
    headings,
    number,
    pair,
    workbook,
)

RETURNS, TREASURY = (read_profile(SOURCES / f"{name}.yaml") for name in ("returns", "treasury"))
DATA_DATE = date(2024, 12, 31)
HUNDRED = number("100")


def parse(
    content: bytes, name: str = "bc.xlsx", profile: Any = RETURNS
) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """The response and the rows that a file becomes in staging."""
    filed = FileScope("return", "", DATA_DATE)
    parsed = parse_file(profile, filed, content, {"file": name, "rejection": None}, "H58")
    return parsed.response, parsed.rows


def parse_one(content: bytes, name: str = "bc.xlsx", profile: Any = RETURNS) -> dict[str, Any]:
    """The one row of a file that isn't rejected."""
    response, rows = parse(content, name, profile)
    assert response["parse_failure"] is None, response
    (only,) = rows
    return only


def parse_value(numerator: str, denominator: str = HUNDRED, **options: Any) -> dict[str, Any]:
    """The row of a workbook with one value."""
    return parse_one(workbook(headings() + pair(numerator, denominator), **options))
