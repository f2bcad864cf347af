"""The settings of the environment, as ``make validate`` checks them: places, the clock, connections."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError

from cchc.alerts.recipients import SMTP_CONNECTION, Recipient
from cchc.mistake import Mistake, explain_error, field_path
from cchc.settings import NAMES, Settings, SettingsError, check_clock, read_settings
from cchc.sources.profile import ProfilesRead

ENVIRONMENT = "environment"
CONNECTION = "AIRFLOW_CONN_"
# The fields of a connection in JSON.
_FIELDS = ("conn_type", "host", "login", "password", "schema", "port", "extra", "description")
_SHOWN = "docs/operate.md shows how it is written"


def read_places() -> tuple[Settings, list[Mistake]]:
    """The settings, and a mistake for a clock that can't be used, which is left out."""
    try:
        settings = read_settings()
        check_clock(settings)
    except SettingsError as error:
        name, _, text = str(error).partition("=")
        environment = {key: value for key, value in os.environ.items() if key != name}
        return read_settings(environment), [Mistake(ENVIRONMENT, "", name, text)]
    return settings, []


def check_places(settings: Settings) -> Iterator[Mistake]:
    """Names of settings, the province's code, and folders and files that must be there."""
    for name in sorted(name for name in os.environ if name.startswith("CCHC_") and name not in NAMES):
        yield Mistake(ENVIRONMENT, "", name, f"is no setting, there are {', '.join(NAMES)}: correct or unset it")
    if not re.fullmatch(r"[A-Z]\d\d", settings.province):
        text = f'"{settings.province}" is no code of a province, write it as H58'
        yield Mistake(ENVIRONMENT, "", "CCHC_PROVINCE", text)
    if not settings.catalog.is_dir():
        text = f"{settings.catalog} is no folder, give the one that holds the plans"
        yield Mistake(ENVIRONMENT, "", "CCHC_CATALOG", text)
    if not settings.recipients.is_file():
        text = f"{settings.recipients} is no file, give that of the recipients or unset it"
        yield Mistake(ENVIRONMENT, "", "CCHC_RECIPIENTS", text)
    nearest = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        text = f"{nearest} is no folder that this user may write into, choose another home"
        yield Mistake(ENVIRONMENT, "", "CCHC_HOME", text)


def check_connections(profiles: ProfilesRead, recipients: Iterable[Recipient]) -> Iterator[Mistake]:
    """Mistakes in the connections of the environment, by the use of each. Their content is secret and not shown."""
    known = _list_known(profiles, recipients)
    for name, value in sorted(os.environ.items()):
        if name.startswith(CONNECTION) and value.strip():
            near = _find_near(name, known)
            if near:
                yield Mistake(ENVIRONMENT, "", name, f"is used by nothing, is {near} meant? Correct or unset it")
            yield from (Mistake(ENVIRONMENT, "", name, text) for text in _check_connection(name, value, profiles))


def list_unknown(profiles: ProfilesRead, recipients: Iterable[Recipient]) -> list[str]:
    """A sentence for each connection of the environment that no file names: it may belong to somebody else."""
    known = _list_known(profiles, recipients)
    named = [name for name in sorted(os.environ) if name.startswith(CONNECTION) and name not in known]
    return [f"{name} is named by no profile and no recipient" for name in named if not _find_near(name, known)]


def _list_known(profiles: ProfilesRead, recipients: Iterable[Recipient]) -> set[str]:
    """The variables of the connections that profiles and recipients use."""
    names = {"warehouse", SMTP_CONNECTION, *(recipient.route for recipient in recipients)}
    names |= {name for profile in profiles.good for name in (profile.connection, profile.inbox) if name}
    return {f"{CONNECTION}{name.upper()}" for name in names}


def _find_near(name: str, known: Iterable[str]) -> str:
    """The known variable that a mistyped one seems to mean; "" without one. A variable that is set is never meant."""
    missing = [f"{other.removeprefix(CONNECTION)}" for other in known if other not in os.environ]
    given = name.removeprefix(CONNECTION)
    near = get_close_matches(given.upper(), missing, n=1, cutoff=0.8) if name not in known else []
    return f"{CONNECTION}{near[0]}" if near else ""


def _check_connection(name: str, value: str, profiles: ProfilesRead) -> Iterator[str]:
    """The mistakes in the value of one variable."""
    try:
        fields = _read_json(value) if value.lstrip().startswith("{") else _read_uri(value)
        extra = _read_extra(fields.get("extra"))
    except json.JSONDecodeError as error:
        yield f"is not readable as JSON at character {error.pos + 1}, correct its quotes and commas"
        return
    except ValueError as error:
        yield str(error)
        return
    for profile in profiles.good:
        if f"{CONNECTION}{profile.connection.upper()}" == name and profile.api:
            try:
                profile.api.requests.override(extra)
            except ValidationError as invalid:
                for mistake in invalid.errors():
                    yield f"extra.{field_path(mistake['loc'])}: {explain_error(mistake)}"
    inboxes = {f"{CONNECTION}{profile.inbox.upper()}" for profile in profiles.good if profile.inbox}
    if name in inboxes and "://" not in str(extra.get("url", "")):
        yield 'extra has no "url", give the folder as {"url": "file:///srv/inbox"}'


def _read_json(value: str) -> Mapping[str, Any]:
    """The fields of a connection in JSON; raises ValueError."""
    fields: dict[str, Any] = json.loads(value)
    unknown = [field for field in fields if field not in _FIELDS]
    if unknown:
        raise ValueError(
            f'"{unknown[0]}" is no field of a connection, there are {", ".join(_FIELDS)}: correct its name'
        )
    if fields.get("port") and not str(fields["port"]).isdecimal():
        raise ValueError("port is not a whole number, write it in digits")
    return fields


def _read_uri(value: str) -> Mapping[str, Any]:
    """The fields of a connection in a URI that are checked; raises ValueError."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value.strip()):
        raise ValueError(f"is neither JSON nor a URI: {_SHOWN}")
    try:
        parts = urlsplit(value.strip())
        _ = parts.port
    except ValueError:
        raise ValueError(f"is no URI with host and port that can be read: {_SHOWN}") from None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return {"extra": query.get("__extra__", query)}


def _read_extra(extra: object) -> Mapping[str, Any]:
    """The extra of a connection, also where it is JSON in text; raises ValueError."""
    try:
        read = json.loads(extra) if isinstance(extra, str) and extra.strip() else extra
    except ValueError:
        read = extra
    if not read:
        return {}
    if not isinstance(read, dict):
        raise ValueError('extra is no group of fields, write it as {"name": "value"}')  # noqa: TRY004  # of a text
    return read
