"""Where this installation keeps its things, as told by the environment. Nothing else reads ``CCHC_*``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
INCLUDE = CHECKOUT / "include"
SQL = INCLUDE / "sql"
SOURCES = INCLUDE / "sources"
EXPECTATIONS = INCLUDE / "expectations"
ALERT_RULES = INCLUDE / "alerts" / "rules.yaml"


@dataclass(frozen=True)
class Settings:
    """``home``: all local state; ``catalog``: the folder of the law and the map; ``province``: its root agency;
    ``recipients``: the file of who is told; ``now``: the time that a demonstration plays in, None = the clock's."""

    home: Path
    catalog: Path
    province: str
    recipients: Path
    now: datetime | None

    @property
    def archive(self) -> Path:
        """The raw responses, readable by the owner only."""
        return self.home / "archive"

    @property
    def pages(self) -> Path:
        """The quality pages, one folder a night."""
        return self.home / "pages"


def read_settings() -> Settings:
    """Read ``CCHC_HOME``, ``CCHC_CATALOG``, ``CCHC_PROVINCE``, ``CCHC_RECIPIENTS`` and ``CCHC_NOW``.

    Relative paths count from the checkout. Raises ValueError where CCHC_NOW is no time with a zone.
    """
    now = os.environ.get("CCHC_NOW")
    return Settings(
        home=CHECKOUT / os.environ.get("CCHC_HOME", ".cchc"),
        catalog=CHECKOUT / os.environ.get("CCHC_CATALOG", "include/catalog"),
        province=os.environ.get("CCHC_PROVINCE", "H58"),
        recipients=CHECKOUT / os.environ.get("CCHC_RECIPIENTS", "include/alerts/recipients.yaml"),
        now=_parse_moment(now) if now else None,
    )


def read_now() -> datetime:
    """The time by which people are told: the clock's, or that of a demonstration."""
    return read_settings().now or datetime.now(UTC)


def _parse_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"CCHC_NOW={text!r} has no time zone: 2025-01-01T07:30:00+07:00")
    return moment
