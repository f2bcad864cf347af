"""The members of a named set of agencies on a day (include/catalog/agency_sets.yaml)."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from simulator.agencies import AGENCIES_CSV, ALL_LEVELS, Agency, read_agencies
from simulator.yaml_files import load_yaml


@cache
def _read_rules() -> dict[str, dict[str, Any]]:
    rules = load_yaml(AGENCIES_CSV.with_name("agency_sets.yaml"))["sets"]
    return {rule["code"]: rule for rule in rules}


@cache
def list_valid(day: date) -> tuple[Agency, ...]:
    """All agencies of ``day``, sorted by code as text."""
    return tuple(agency for agency in read_agencies(levels=ALL_LEVELS) if agency.is_valid(day))


@cache
def find_members(code: str, day: date) -> tuple[Agency, ...]:
    """The members of set ``code`` on ``day``, sorted by code as text; none after the end of the set."""
    rule = _read_rules()[code]
    if not rule["valid_from"] <= day < rule.get("valid_to_exclusive", date.max):
        return ()
    return tuple(
        agency
        for agency in list_valid(day)
        if agency.level in rule["levels"]
        and agency.code not in rule.get("except_codes", ())
        and agency.code in rule.get("only_codes", [agency.code])
        and agency.name.startswith(rule.get("name_starts_with", ""))
    )
