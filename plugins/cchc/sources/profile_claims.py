"""Claims that only one profile may have: requests, files of the inbox, and one use of each connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from cchc.sources.profile_parts import Finding
from cchc.sources.protocols.protocol import Profile


def find_shared(profiles: Mapping[str, Profile]) -> Mapping[str, list[Finding]]:
    """Source → its claims that another profile has already. Of two profiles the copy gets the finding.

    The copy is the one whose tables aren't called as its file is. A connection with the name of a source belongs to
    that source, with its host and login.
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
