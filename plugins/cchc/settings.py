"""Paths and settings of this installation, from the environment. No other module reads ``CCHC_*``."""

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

# The names of this machine for itself: no proxy between, and plain http is safe.
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# The variables that hold settings; CCHC_VERSION names the image in docker-compose.yaml.
NAMES = ("CCHC_HOME", "CCHC_PROVINCE", "CCHC_CATALOG", "CCHC_RECIPIENTS", "CCHC_NOW", "CCHC_VERSION")


class SettingsError(ValueError):
    """An environment variable has a wrong value; the message names it and states what is expected."""


@dataclass(frozen=True)
class Settings:
    """The settings of one process.

    ``home``: the folder of all local state; ``catalog``: the folder of plans, tasks and agencies; ``province``: the
    code of its root agency; ``recipients``: the file of the alerts' recipients; ``now``: the present time of a
    demonstration, None = the clock's.
    """

    home: Path
    catalog: Path
    province: str
    recipients: Path
    now: datetime | None

    @property
    def archive(self) -> Path:
        """The folder of the raw archive, readable by its owner only."""
        return self.home / "archive"

    @property
    def pages(self) -> Path:
        """The folder of the quality pages, one folder for each data date."""
        return self.home / "pages"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that ``CCHC_HOME``, ``_CATALOG``, ``_PROVINCE``, ``_RECIPIENTS`` and ``_NOW`` give, else defaults.

    A relative path starts at the checkout; an empty variable counts as unset. Raises SettingsError where CCHC_NOW is no
    time with a zone.
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
    """The home folder, also while another setting is wrong."""
    return read_settings({"CCHC_HOME": os.environ.get("CCHC_HOME", "")}).home


def read_now() -> datetime:
    """The present time: ``CCHC_NOW`` in a demonstration, else the clock's."""
    return read_settings().now or datetime.now(UTC)


def check_clock(settings: Settings, clock: datetime | None = None) -> None:
    """Raise SettingsError where ``CCHC_NOW`` is later than the clock: days that aren't over would become data dates."""
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
