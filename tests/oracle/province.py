"""The oracle's agencies of a day, and the members of a named set, from the data files of include/catalog."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CATALOG = Path(__file__).parents[2] / "include" / "catalog"
ROOT = "H58"


class Agency(NamedTuple):
    """One version of an agency, in force from ``valid_from`` until the day before ``valid_to``."""

    code: str
    name: str
    level: str
    valid_from: date
    valid_to: date


@cache
def _read_agencies() -> tuple[Agency, ...]:
    with (CATALOG / "agencies.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Agency(
                row["code"],
                row["name_vi"],
                row["level"],
                date.fromisoformat(row["valid_from"]),
                date.fromisoformat(row["valid_to_exclusive"] or "9999-12-31"),
            )
            for row in csv.DictReader(file)
            if row["code"].split(".")[0] == ROOT
        )


@cache
def agencies_on(day: date) -> dict[str, Agency]:
    """The agencies of ``day`` by code, with the province itself."""
    return {agency.code: agency for agency in _read_agencies() if agency.valid_from <= day < agency.valid_to}


@cache
def _read_sets() -> dict[str, dict[str, Any]]:
    sets = yaml.safe_load((CATALOG / "agency_sets.yaml").read_text(encoding="utf-8"))["sets"]
    return {rule["code"]: rule for rule in sets}


def is_list_complete(set_code: str) -> bool:
    """Whether agencies.csv is known to hold all members of the set."""
    complete: bool = _read_sets()[set_code]["is_list_complete"]
    return complete


@cache
def members(set_code: str, day: date) -> frozenset[str]:
    """The codes of the agencies in a set of agency_sets.yaml on ``day``."""
    rule = _read_sets()[set_code]
    if not rule["valid_from"] <= day < rule.get("valid_to_exclusive", date.max):
        return frozenset()
    return frozenset(
        agency.code
        for agency in agencies_on(day).values()
        if agency.level in rule["levels"]
        and agency.code not in rule.get("except_codes", [])
        and ("only_codes" not in rule or agency.code in rule["only_codes"])
        and agency.name.startswith(rule.get("name_starts_with", ""))
    )
