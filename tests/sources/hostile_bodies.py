"""Bodies that a portal should never send: JSON with anything anywhere in it, and bytes that are no JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from functools import cache
from typing import Any

from hypothesis import strategies as st

from simulator.agencies import read_agencies
from simulator.faults import entries_of
from simulator.periods import Period
from simulator.values import Values
from simulator.wire import WRITERS, Payload, Query, write_payload

Place = tuple[str | int, ...]

# As written on the wire; Python's own json would never write most of them.
HOSTILE_TEXTS = [
    "null", "true", "false", "0", "-0", "-1", "1.5", "1e9", "1000000000001", '""', '"12"', '"nan"', "{}", "[]",
    r'"\u0000"', r'"\ud800"', r'"\\u0000"', "NaN", "Infinity", "-Infinity", "1e400", "1e-400", "0e99999",
    "1e99999999999999999999", "-1e-99999999999999999999", "1" * 30, "-" + "1" * 30, "1" * 5000, "1." + "3" * 20_000,
    "0." + "0" * 39 + "1" + "0" * 20_000, json.dumps("Ủy ban " * 2000), "[" * 200_000,
    json.dumps("".join(map(chr, range(0x4E00, 0x4E00 + 4000)))),
]  # fmt: skip
NAMES = st.sampled_from(
    ["code", "data", "pagination", "total", "totalPages", "overview", "evaluation", "parent", "children", "metrics",
     "departmentId", "departmentCode", "departmentName", "departmentType", "numerator", "denominator", "ratio", "score",
     "DOSSIER_SYNC", "totalReceived", "dataQualityStatus"]
) | st.text(max_size=3)  # fmt: skip


def write_object(members: dict[str, str]) -> str:
    """A JSON object of texts that are JSON already."""
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in members.items()) + "}"


JSON_TEXTS = st.recursive(
    st.sampled_from(HOSTILE_TEXTS) | st.text().map(json.dumps) | st.floats().map(json.dumps) | st.integers().map(str),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.dictionaries(NAMES, inner, max_size=4).map(write_object)
    ),
    max_leaves=8,
)
ENDPOINTS = st.sampled_from(sorted(WRITERS))


@cache
def write_small_payload(endpoint: str) -> Payload:
    """The simulator's answer with two entries."""
    year = Period("year", date(2024, 1, 1), date(2024, 12, 31))
    payload = write_payload(Values(1, 50_000, read_agencies()), Query(endpoint, year, 1, 200, date(2024, 6, 29)))
    del entries_of(payload)[2:]
    if "pagination" in payload["data"]:
        payload["data"]["pagination"]["total"] = 2
    return payload


def list_places(part: Any, place: Place = ()) -> Iterator[Place]:
    """Where something can be put in place of what is there."""
    members = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, inner in members:
        yield (*place, name)
        yield from list_places(inner, (*place, name))


def spoil(endpoint: str, spoilt: dict[Place, str]) -> bytes:
    """A good answer with the JSON at some places replaced by other texts."""
    payload = deepcopy(write_small_payload(endpoint))
    for number, place in enumerate(spoilt):
        holder: Any = payload
        for name in place[:-1]:
            holder = holder[name]
        holder[place[-1]] = f"@place{number}@"
    body = json.dumps(payload, ensure_ascii=False)
    for number, text in enumerate(spoilt.values()):
        body = body.replace(f'"@place{number}@"', text)
    return body.encode()


@st.composite
def spoilt_bodies(draw: st.DrawFn, endpoint: str) -> bytes:
    """A good answer with one to three places in it replaced; a place within another goes with it."""
    places = st.sampled_from(list(list_places(write_small_payload(endpoint))))
    spoilt = draw(st.dictionaries(places, JSON_TEXTS, min_size=1, max_size=3))
    inner_first = sorted(spoilt, key=len, reverse=True)
    return spoil(endpoint, {place: spoilt[place] for place in inner_first})


@st.composite
def hostile_answers(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """An endpoint and the bodies of its pages."""
    endpoint = draw(ENDPOINTS)
    body = st.one_of(spoilt_bodies(endpoint), JSON_TEXTS.map(str.encode), st.binary())
    return endpoint, draw(st.lists(body, min_size=1, max_size=2))
