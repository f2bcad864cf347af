"""Where this installation keeps its things, as told by the environment. Nothing else reads ``CCHC_*``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
INCLUDE = CHECKOUT / "include"
SQL = INCLUDE / "sql"
SOURCES = INCLUDE / "sources"
EXPECTATIONS = INCLUDE / "expectations"


@dataclass(frozen=True)
class Settings:
    """``home``: all local state; ``catalog``: the folder of the law and the map; ``province``: its root agency."""

    home: Path
    catalog: Path
    province: str

    @property
    def archive(self) -> Path:
        """The raw responses, readable by the owner only."""
        return self.home / "archive"

    @property
    def pages(self) -> Path:
        """The quality pages, one folder a night."""
        return self.home / "pages"


def read_settings() -> Settings:
    """Read ``CCHC_HOME``, ``CCHC_CATALOG`` and ``CCHC_PROVINCE``; relative folders count from the checkout."""
    return Settings(
        home=CHECKOUT / os.environ.get("CCHC_HOME", ".cchc"),
        catalog=CHECKOUT / os.environ.get("CCHC_CATALOG", "include/catalog"),
        province=os.environ.get("CCHC_PROVINCE", "H58"),
    )
