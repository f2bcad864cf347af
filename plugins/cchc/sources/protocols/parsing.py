"""Archived bytes as rows for staging, whatever the source."""

from __future__ import annotations

from cchc.sources.load import Load
from cchc.sources.parsed_load import ParsedLoad
from cchc.sources.protocols.files import parse_file
from cchc.sources.protocols.protocol import Profile
from cchc.sources.window import FileScope


def parse_load(profile: Profile, load: Load, province: str) -> ParsedLoad:
    """The rows of a load for staging, from its archived bytes.

    Raises ArchiveError where they aren't what was archived, and nothing on what a source has sent.
    """
    bodies, request = load.capture.read_bodies(), load.capture.pages[0].request
    if isinstance(load.scope, FileScope):
        return parse_file(profile, load.scope, bodies[0], request, province)
    if profile.api is None:
        raise LookupError(f"{profile.source} asks for no windows, so that {load.scope.name} isn't one of its own")
    return profile.api.parse_pages(load.scope, bodies, request, province)
