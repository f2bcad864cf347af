"""What only one profile may have: requests, files of the inbox, and a connection used in one way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cchc.sources.profile_parts import Finding

if TYPE_CHECKING:
    from cchc.sources.profile import Profile


def find_shared(profiles: Mapping[str, Profile]) -> Mapping[str, list[Finding]]:
    """Of each source what another one has already: of two the copy's is told, whose tables are called otherwise.

    A connection that is called as a source is that source's, with its host and its login.
    """
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    claimed: dict[str, str] = {}
    ways = {
        source: (source, profile.ways()[source][1]) for source, profile in profiles.items() if source in profile.ways()
    }
    for source in sorted(profiles, key=lambda source: (profiles[source].staging != source, len(source), source)):
        for claim, field in profiles[source].claims().items():
            first = claimed.setdefault(claim, source)
            if first != source:
                text = f"{first}.yaml has {claim} already, change or remove one of the two files"
                found[source].append((field, text))
        for connection, (field, way) in profiles[source].ways().items():
            first, taken = ways.setdefault(connection, (source, way))
            if taken != way:
                used = f'"{connection}" is used by {first}.yaml {taken}, not {way}'
                found[source].append((field, f"{used}: name the connection of this source"))
    return found
