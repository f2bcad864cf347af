"""Source profiles: include/sources/<source>.yaml, read by a typed model."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cchc.settings import SOURCES


class ProfileError(Exception):
    """A profile that can't be read; the message names file and field."""


class Model(BaseModel):
    """Frozen, and nothing in it that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestPolicy(Model):
    """How politely a source is asked. Seconds and bytes."""

    pause_seconds: float = Field(ge=0)
    connect_timeout_seconds: float = Field(gt=0)
    read_timeout_seconds: float = Field(gt=0)
    tries: int = Field(ge=1, le=4)
    first_wait_seconds: float = Field(ge=0)
    longest_wait_seconds: float = Field(ge=0)
    largest_body_bytes: int = Field(gt=0)
    firewall_signs: tuple[str, ...] = ()


class Metric(Model):
    """Where one figure is on the wire. ``numerator`` … are field names of a tree; metrics[] have fixed ones."""

    metric: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    numerator: str | None = None
    denominator: str | None = None
    ratio: str | None = None
    additive: bool = False
    children: Literal["own", "none"] = "own"


class Endpoint(Model):
    """One endpoint of the portal's evaluation protocol."""

    shape: Literal["evaluation", "tree"]
    page_size: int = Field(gt=0)
    metrics: dict[str, Metric]
    other_fields: tuple[str, ...] = ()
    period_as_dates: bool = False


class Profile(Model):
    """A source as the pipeline sees it. ``source`` is the file's name, and the first word of its measures."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name_vi: str
    protocol: Literal["portal_evaluation"]
    connection: str
    owner: str
    schedule: str
    allowed_delay_days: int = Field(ge=0)
    max_rejected_share: Decimal = Field(ge=0, le=1)
    requests: RequestPolicy
    staging: str
    publish: tuple[str, ...]
    levels: dict[str, str]
    endpoints: dict[str, Endpoint]

    def metrics(self) -> frozenset[str]:
        """The names of its figures, as the catalog writes them: <source>.<metric>."""
        wires = (wire for endpoint in self.endpoints.values() for wire in endpoint.metrics.values())
        return frozenset(f"{self.source}.{wire.metric}" for wire in wires)

    def policy(self, overrides: dict[str, Any]) -> RequestPolicy:
        """The request policy, with what the connection's extra says otherwise."""
        known = {key: value for key, value in overrides.items() if key in RequestPolicy.model_fields}
        return RequestPolicy.model_validate({**self.requests.model_dump(), **known})


def read_profile(path: Path) -> Profile:
    """Read one profile; raises ProfileError with file and field."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Profile.model_validate({"source": path.stem, **content})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ProfileError(f"{path.name}, field {field}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError, OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path.name}: {error}") from error


def read_profiles(folder: Path = SOURCES) -> list[Profile]:
    """All profiles of a folder, by name."""
    return [read_profile(path) for path in sorted(folder.glob("*.yaml"))]
