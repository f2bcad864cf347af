"""Where this installation keeps its things, as told by the environment. Nothing else reads ``CCHC_*``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
INCLUDE = CHECKOUT / "include"
SQL = INCLUDE / "sql"
SOURCES = INCLUDE / "sources"
EXPECTATIONS = INCLUDE / "expectations"
ALERT_RULES = INCLUDE / "alerts" / "rules.yaml"

# The settings; CCHC_VERSION names the image of docker-compose.yaml.
NAMES = ("CCHC_HOME", "CCHC_PROVINCE", "CCHC_CATALOG", "CCHC_RECIPIENTS", "CCHC_NOW", "CCHC_VERSION")


class SettingsError(ValueError):
    """A variable of the environment that can't be used; the message names it and says what is expected."""


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


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read ``CCHC_HOME``, ``CCHC_CATALOG``, ``CCHC_PROVINCE``, ``CCHC_RECIPIENTS`` and ``CCHC_NOW``.

    Relative paths count from the checkout; an empty variable is one that isn't set. Raises SettingsError where CCHC_NOW
    is no time with a zone.
    """
    now = environment.get("CCHC_NOW")
    return Settings(
        home=CHECKOUT / (environment.get("CCHC_HOME") or ".cchc"),
        catalog=CHECKOUT / (environment.get("CCHC_CATALOG") or "include/catalog"),
        province=environment.get("CCHC_PROVINCE") or "H58",
        recipients=CHECKOUT / (environment.get("CCHC_RECIPIENTS") or "include/alerts/recipients.yaml"),
        now=_parse_moment(now) if now else None,
    )


def read_home() -> Path:
    """The home alone, whatever is wrong with the other settings."""
    return read_settings({"CCHC_HOME": os.environ.get("CCHC_HOME", "")}).home


def read_now() -> datetime:
    """The time by which people are told: the clock's, or that of a demonstration."""
    return read_settings().now or datetime.now(UTC)


def check_clock(settings: Settings, clock: datetime | None = None) -> None:
    """Raises SettingsError where ``CCHC_NOW`` is later than the clock: days that aren't over would be taken as data."""
    if settings.now is not None and settings.now > (clock or datetime.now(UTC)):
        raise SettingsError(
            f"CCHC_NOW={settings.now.isoformat()} is later than this machine's clock, correct or unset it"
        )


def _parse_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SettingsError(f"CCHC_NOW={text!r} is no time with a zone: 2025-01-01T07:30:00+07:00")
    return moment
