"""The source profiles of include/sources/, read and checked.

A profile is an instance of the class of its protocol. A new protocol is one class in ``protocols``, and a name here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from cchc.mistake import Mistake, MistakesError, explain_error, field_path
from cchc.settings import SOURCES
from cchc.sources.profile_conflicts import find_conflicts
from cchc.sources.profile_files import check_files
from cchc.sources.protocols.files import FilesProfile
from cchc.sources.protocols.portal import PortalProfile
from cchc.sources.protocols.protocol import ApiProfile, Profile
from cchc.sources.protocols.records import RecordsProfile
from cchc.strict_yaml import read_document

__all__ = [
    "ApiProfile", "FilesProfile", "PortalProfile", "Profile", "ProfileError", "ProfilesRead", "RecordsProfile",
    "read_all_profiles", "read_profile", "read_profiles",
]  # fmt: skip

log = logging.getLogger(__name__)

# Not those that begin with a point: editors and other systems leave such files behind.
PROFILES = "[!.]*.yaml"

# All protocols. ``protocol`` of a profile chooses one.
_Protocol = PortalProfile | RecordsProfile | FilesProfile
_ADAPTER: TypeAdapter[Profile] = TypeAdapter(Annotated[_Protocol, Field(discriminator="protocol")])


class ProfileError(MistakesError):
    """A profile is rejected; the message has a line for each mistake, with file and field."""


@dataclass(frozen=True)
class ProfilesRead:
    """The profiles of a folder by name; ``rejected``: file name without its ending → its mistakes."""

    good: tuple[Profile, ...]
    rejected: Mapping[str, ProfileError]


def read_profile(path: Path) -> Profile:
    """One profile by itself. Raises ProfileError with file and field of every mistake."""
    mistakes: list[Mistake] = []
    document = read_document(path, mistakes)
    if document is None or mistakes:
        raise ProfileError(mistakes)
    written = document.get("source", path.stem)
    if written != path.stem:
        raise ProfileError([_name_mistake(path, "source", f'"{written}" is not the name of the file, take it out')])
    try:
        profile = _ADAPTER.validate_python({"source": path.stem, **document})
    except ValidationError as error:
        raise ProfileError([_explain(path, document, details) for details in error.errors()]) from error
    faults = list(profile.find_mistakes())
    if faults:
        raise ProfileError([_name_mistake(path, *fault) for fault in faults])
    return profile


def read_all_profiles(folder: Path = SOURCES) -> ProfilesRead:
    """Every profile of a folder, checked with the files that it names; a bad one stops no other.

    Where two profiles claim the same, the copy is rejected: the one whose tables aren't called as its file is.
    """
    read: dict[str, Profile] = {}
    rejected: dict[str, ProfileError] = {}
    for path in sorted(folder.glob(PROFILES)):
        try:
            profile = read_profile(path)
            faults = list(check_files(profile))
            if faults:
                rejected[path.stem] = ProfileError([_name_mistake(path, *fault) for fault in faults])
            read[path.stem] = profile
        except ProfileError as error:
            rejected[path.stem] = error
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not stop the other sources
            text = f"can't be checked ({type(error).__name__}: {error}), correct this file or one that it names"
            rejected[path.stem] = ProfileError([Mistake(path.name, "", "", text)])
    for source, faults in find_conflicts(read).items():
        known = rejected[source].mistakes if source in rejected else ()
        rejected[source] = ProfileError([*known, *(_name_mistake(Path(f"{source}.yaml"), *one) for one in faults)])
    good = tuple(read[source] for source in sorted(read) if source not in rejected)
    return ProfilesRead(good, dict(sorted(rejected.items())))


def read_profiles(folder: Path = SOURCES) -> list[Profile]:
    """The good profiles of a folder, by name. The log has the mistakes of the others, whose sources stand still."""
    read = read_all_profiles(folder)
    for error in read.rejected.values():
        log.warning("%s (make validate shows all mistakes; until then this source is not loaded)", error)
    return list(read.good)


def _name_mistake(path: Path, field: str, text: str) -> Mistake:
    return Mistake(path.name, "", field, text)


def _explain(path: Path, document: dict[str, Any], details: Any) -> Mistake:
    """One error of pydantic's. Its location also names the kind of a part that has several (records, days)."""
    location: list[int | str] = []
    part: Any = document
    for step in details["loc"]:
        is_kind = isinstance(part, dict) and step in (part.get("protocol"), part.get("kind"))
        if not is_kind:
            location.append(step)
            part = _step_into(part, step)
    if details["type"].startswith("union_tag_"):
        location.append(details["ctx"]["discriminator"].strip("'"))
        written = part.get(location[-1]) if isinstance(part, dict) else None
        known = details["ctx"].get("expected_tags", "").replace("'", "")
        text = f'"{written}" is not one of {known}' if known else "is missing, add it"
        return _name_mistake(path, field_path(location), text)
    if location == ["source"]:
        return _name_mistake(
            path, "", f'"{path.stem}" is no name of a source, rename the file: small letters, digits and _'
        )
    return _name_mistake(path, field_path(location), explain_error(details))


def _step_into(part: Any, step: int | str) -> Any:
    if isinstance(part, dict):
        return part.get(step)
    return part[step] if isinstance(part, list) and isinstance(step, int) and step < len(part) else None
