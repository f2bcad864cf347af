"""The target of requests: host, login, politeness and route, as a connection and a profile give them together."""

from __future__ import annotations

from dataclasses import dataclass, field

from cchc.sources.http_session import DIRECT, Route
from cchc.sources.profile_parts import RequestPolicy


@dataclass(frozen=True)
class Target:
    """Where a configured source is asked, and how politely. Its secrets are in no repr.

    ``root_department_id``: the province's id at a portal, "" for other protocols.
    """

    host: str
    policy: RequestPolicy
    root_department_id: str = ""
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    route: Route = DIRECT
