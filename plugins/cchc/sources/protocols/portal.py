"""The portal's evaluation protocol: snapshots of a year and of the month just ended, by endpoint.

Field notes: docs/field-notes.md. ``portal_parser`` parses the bodies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from cchc.calendar import newest_complete_day
from cchc.mistake import FieldMistake
from cchc.sources.http import Response
from cchc.sources.json_body import as_dict, parse_body
from cchc.sources.parsed_load import ParsedLoad
from cchc.sources.profile_parts import Endpoint, Level, Metric
from cchc.sources.protocols.portal_parser import PageParser
from cchc.sources.protocols.protocol import ApiProfile, Ask, ReadComplete
from cchc.sources.target import Target
from cchc.sources.window import Window, plan_year_and_month
from cchc.strict_yaml import Filled

PATH = "/api/v1/reporting/evaluation/"
MAX_PAGES = 200

# The portal renews its values at about 02:00: an answer before that hour still describes the day before yesterday.
RENEWS_AFTER = timedelta(hours=2)


def described_day(captured_at: datetime) -> date:
    """The data date of a snapshot captured at ``captured_at`` (with time zone): the day whose end it describes."""
    return newest_complete_day(captured_at - RENEWS_AFTER)


class PortalProfile(ApiProfile):
    """A portal of the evaluation protocol, asked without a login. ``levels``: a unit's word on the wire → its level."""

    protocol: Literal["portal_evaluation"]
    levels: dict[str, Level]
    endpoints: Annotated[dict[str, Endpoint], Filled]

    @property
    def entities(self) -> tuple[str, ...]:
        """The endpoints, in the order in which they are asked."""
        return tuple(self.endpoints)

    def metrics(self) -> frozenset[str]:
        """The metrics of all endpoints."""
        return frozenset(f"{self.source}.{wire.metric}" for wire in self._wires())

    def optional_metrics(self) -> frozenset[str]:
        """The metrics that no indicator uses."""
        return frozenset(f"{self.source}.{wire.metric}" for wire in self._wires() if not wire.required)

    def metric_places(self) -> Mapping[str, str]:
        """Metric → its endpoint, with its code or its counters."""
        return {
            f"{self.source}.{metric.metric}": f"{name}: "
            + (f"{metric.numerator} ÷ {metric.denominator}" if endpoint.shape == "tree" else wire)
            for name, endpoint in self.endpoints.items()
            for wire, metric in endpoint.metrics.items()
        }

    def exclusive_names(self) -> dict[str, str]:
        """Each endpoint of the connection."""
        return {f"endpoint {name} of connection {self.connection}": "connection" for name in self.endpoints}

    def connection_uses(self) -> dict[str, tuple[str, str]]:
        """Also: the connection, without a login."""
        return super().connection_uses() | {self.connection: ("connection", "as a portal, without a login")}

    def find_mistakes(self) -> Iterator[FieldMistake]:
        """Also: an inbox, a mistake within an endpoint, a metric that stands twice."""
        yield from super().find_mistakes()
        if self.inbox is not None:
            yield "inbox", "doesn't go with protocol: portal_evaluation, which has no files, take it out"
        places: dict[str, str] = {}
        for name, endpoint in self.endpoints.items():
            yield from ((f"endpoints.{name}.{field}", text) for field, text in endpoint.find_mistakes())
            for wire, metric in endpoint.metrics.items():
                place = f"endpoints.{name}.metrics.{wire}"
                first = places.setdefault(metric.metric, place)
                if first != place:
                    yield f"{place}.metric", f'"{metric.metric}" is that of {first} too, choose another name'

    def find_missing_setting(self, target: Target) -> str | None:
        """The province's uuid, which every request names."""
        return None if target.root_department_id else 'extra has no "root_department_id" (the portal\'s uuid)'

    def plan_windows(self, day: date, _read_complete: ReadComplete) -> list[Window]:
        """The year of ``day`` of every endpoint and, on days 1 to 10, the month just ended."""
        return plan_year_and_month(self.entities, day)

    def plan_sample(self, day: date) -> Window:
        """The year of ``day`` of the first endpoint."""
        return plan_year_and_month(self.entities, day)[0]

    def choose_data_date(self, captured_at: datetime, _day: date) -> date:
        """The day at whose end the snapshot was true: the portal knows only now."""
        return described_day(captured_at)

    def fetch_pages(self, window: Window, target: Target, ask: Ask) -> Iterator[Response]:
        """The first page and as many more as it announces."""
        pages, number = 1, 1
        while number <= pages:
            response = ask(PATH + window.entity, self.build_request(window, target.root_department_id, number))
            if number == 1:
                pages = min(_count_pages(response.body), MAX_PAGES)
            yield response
            number += 1

    def build_request(self, window: Window, root_department_id: str, page: int) -> dict[str, Any]:
        """The JSON body of one request."""
        endpoint = self.endpoints[window.entity]
        period: dict[str, Any]
        if endpoint.period_as_dates:
            period = {"fromDate": window.start.isoformat(), "toDate": window.end.isoformat()}
        elif window.period == "month":
            period = {"timeType": "month", "year": window.start.year, "month": window.start.month}
        else:
            period = {"timeType": "year", "year": window.start.year}
        return {
            **period,
            "rootDepartmentId": root_department_id,
            "currentPage": page,
            "pageSize": endpoint.page_size,
        }

    def parse_pages(
        self, window: Window, bodies: Sequence[bytes], request: Mapping[str, Any], province: str
    ) -> ParsedLoad:
        """A row for each metric of each department. The response row holds the root asked for beside the root given."""
        parser = PageParser(self.endpoints[window.entity], self.levels)
        for number, body in enumerate(bodies, 1):
            parser.parse_page(number, body)
        return ParsedLoad(parser.describe(str(request["rootDepartmentId"]), province), parser.statistics)

    def _wires(self) -> list[Metric]:
        return [wire for endpoint in self.endpoints.values() for wire in endpoint.metrics.values()]


def _count_pages(body: bytes) -> int:
    document, _ = parse_body(body)
    pagination = as_dict(as_dict(document.get("data")).get("pagination"))
    pages = pagination.get("totalPages")
    return pages if isinstance(pages, int) and not isinstance(pages, bool) and pages > 0 else 1
