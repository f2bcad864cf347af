"""The agencies of the province as of a day; each source knows some of their levels."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

AGENCIES_CSV = Path(__file__).resolve().parents[1] / "include" / "catalog" / "agencies.csv"

ROOT_CODE = "H58"
PROVINCE_SUFFIX = " - Tỉnh Tiền Giang"

# Divisions and public service units have no values of their own in the portal.
PORTAL_LEVELS = ("province", "department", "district", "commune")
OFFICE_LEVELS = ("department", "district", "division", "commune")
ALL_LEVELS = ("province", *OFFICE_LEVELS, "public_service_unit")

# Merged commune → the commune that answers for its dossiers (Resolutions 1013 and 1202/NQ-UBTVQH15, in force on
# 1 May and 1 November 2024). The day of the merger is the end of validity in agencies.csv.
HEIRS = {
    "H58.32.01": "H58.32.02",
    "H58.32.04": "H58.32.03",
    "H58.31.03": "H58.31.05",
    "H58.31.04": "H58.31.06",
    "H58.31.07": "H58.31.06",
    "H58.37.05": "H58.37.01",
    "H58.37.10": "H58.37.16",
    "H58.37.13": "H58.37.16",
}


def department_id(code: str) -> str:
    """The portal's identifier of the agency with ``code``. The code decides it, so it is the same in every run."""
    return str(uuid5(NAMESPACE_URL, f"https://dichvucong.gov.vn/departments/{code}"))


ROOT_DEPARTMENT_ID = department_id(ROOT_CODE)


@dataclass(frozen=True, slots=True)
class Agency:
    """One version of an agency; ``valid_to`` is exclusive, None while it lasts."""

    code: str
    name: str
    level: str
    valid_from: date
    valid_to: date | None

    def is_valid(self, day: date) -> bool:
        """Whether this version is valid on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @property
    def portal_name(self) -> str:
        """The name as the portal writes it. It may differ from the catalog's, so a join by name is wrong."""
        if self.level == "province":
            return f"UBND {self.name[0].lower()}{self.name[1:]}"
        return self.name + PROVINCE_SUFFIX if self.level == "department" else self.name


def read_agencies(path: Path = AGENCIES_CSV, levels: Collection[str] = PORTAL_LEVELS) -> tuple[Agency, ...]:
    """Read all versions of the province's agencies of ``levels`` from ``path``, root first, then by code as text."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] in levels]
    agencies = [
        Agency(
            code=row["code"],
            name=row["name_vi"],
            level=row["level"],
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=date.fromisoformat(row["valid_to_exclusive"]) if row["valid_to_exclusive"] else None,
        )
        for row in rows
        if row["code"].split(".")[0] == ROOT_CODE
    ]
    return tuple(sorted(agencies, key=lambda agency: (agency.code, agency.valid_from)))


def answering_code(code: str, valid_codes: set[str], heirs: Mapping[str, str] = HEIRS) -> str:
    """The code of the agency that answers for the dossiers of ``code``; ``valid_codes``: the agencies of the day."""
    while code not in valid_codes:
        code = heirs[code]
    return code
