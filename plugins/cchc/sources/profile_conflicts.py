"""Conflicts between profiles: requests, files of the inbox and uses of a connection that only one may have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from cchc.mistake import FieldMistake
from cchc.sources.protocols.protocol import Profile


def find_conflicts(profiles: Mapping[str, Profile]) -> Mapping[str, list[FieldMistake]]:
    """Source → its names that another profile has already. The copy of two profiles gets the mistake.

    The copy is the one whose tables aren't called as its file is. A connection with the name of a source belongs to
    that source, with its host and login.
    """
    found: defaultdict[str, list[FieldMistake]] = defaultdict(list)
    taken: dict[str, str] = {}
    uses = {
        source: (source, profile.connection_uses()[source][1])
        for source, profile in profiles.items()
        if source in profile.connection_uses()
    }
    for source in sorted(profiles, key=lambda source: (profiles[source].staging != source, len(source), source)):
        for name, field in profiles[source].exclusive_names().items():
            first = taken.setdefault(name, source)
            if first != source:
                text = f"{first}.yaml has {name} already, change or remove one of the two files"
                found[source].append((field, text))
        for connection, (field, use) in profiles[source].connection_uses().items():
            first, known = uses.setdefault(connection, (source, use))
            if known != use:
                used = f'"{connection}" is used by {first}.yaml {known}, not {use}'
                found[source].append((field, f"{used}: name the connection of this source"))
    return found
