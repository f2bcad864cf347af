"""Which protocol reads a load: the one place that knows them all."""

from __future__ import annotations

from cchc.sources.load import Load
from cchc.sources.parsed_load import Reading
from cchc.sources.profile import FilesProfile, PortalProfile, Profile
from cchc.sources.protocols import files, portal, records


def read_load(profile: Profile, load: Load, province: str) -> Reading:
    """Read the archived bytes of a load into rows for staging.

    Raises ArchiveError where they aren't what was archived, and nothing on what a source has sent.
    """
    bodies, asked = load.capture.read_bodies(), load.capture.pages[0].request
    if load.window.period == "file" or isinstance(profile, FilesProfile):
        return files.read_file(profile, load.window, bodies[0], asked["refused"], province, asked["file"])
    if isinstance(profile, PortalProfile):
        return portal.read_bodies(profile, load.window.entity, bodies, str(asked["rootDepartmentId"]), province)
    return records.read_pages(profile, load.window, bodies, province)
