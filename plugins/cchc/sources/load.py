"""A load: one capture of one window or file on its way to core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid5

from cchc.sources.raw_archive import Archive, Capture, read_capture
from cchc.sources.window import FileScope, LoadScope, read_scope

# The same bytes are the same load in every installation.
NAMESPACE = UUID("6f1ad1d8-5d5c-5e0b-9d2c-35a1c11a2024")


@dataclass(frozen=True)
class Load:
    """A load before its rows are parsed. Its status is in the ledger alone."""

    source: str
    scope: LoadScope
    capture: Capture

    @property
    def load_id(self) -> UUID:
        """The same for the same source, scope, data date and content."""
        parts = (self.source, self.scope.name, self.data_date.isoformat(), self.capture.content_sha256)
        return uuid5(NAMESPACE, "|".join(parts))

    @property
    def is_file(self) -> bool:
        """Whether it is a file of the inbox, which a person sent."""
        return isinstance(self.scope, FileScope)

    @property
    def data_date(self) -> date:
        """The day that the content describes."""
        return self.capture.data_date

    @property
    def window_end(self) -> date:
        """The last day of the window that the content can describe: never after the data date."""
        return max(self.scope.start, min(self.scope.end, self.data_date))

    @property
    def captured_at(self) -> datetime:
        """When the source answered."""
        return self.capture.captured_at

    def parameters(self) -> dict[str, Any]:
        """The parameters of include/sql/publish/."""
        return {
            "load_id": self.load_id,
            "source": self.source,
            "entity": self.scope.entity,
            "period": self.scope.period,
            "is_file": self.is_file,
            "window_start": self.scope.start,
            "window_end": self.window_end,
            "data_date": self.data_date,
            "content_sha256": self.capture.content_sha256,
            "archive_uri": self.capture.folder.as_uri(),
            "captured_at": self.captured_at,
            "modified_at": self.capture.modified_at,
        }

    def describe_origin(self) -> str:
        """The request or file that brought it, for errors."""
        page = self.capture.pages[0]
        return f"file {page.url}" if self.is_file else f"POST {page.url} {page.request}; HTTP {page.status}"

    def to_reference(self) -> dict[str, str]:
        """Plain text values for the next task: enough to find the bytes again."""
        return {**self.scope.to_reference(), "source": self.source, "folder": str(self.capture.folder)}

    @classmethod
    def from_reference(cls, reference: Mapping[str, str]) -> Self:
        """The load that ``to_reference`` describes. Raises ArchiveError where its manifest is lost or changed."""
        return cls(reference["source"], read_scope(reference), read_capture(Path(reference["folder"])))


def list_archived_loads(archive: Archive, scope: LoadScope, day: date) -> list[Load]:
    """The loads that the archive holds of a window or file for the run of ``day``, the oldest capture first.

    Raises ArchiveError for a capture without its manifest.
    """
    captures = archive.find(scope.name, scope.archive_day(day))
    return [Load(archive.source, scope, capture) for capture in captures]


def choose_load(loads: Sequence[Load], statuses: Mapping[UUID, str], *, is_stopped_usable: bool = False) -> Load | None:
    """The load that a run uses of ``loads``: the published one, else the first that isn't stopped; None without one.

    ``statuses``: load id → status in the ledger; a load without one is new. ``is_stopped_usable``: a stopped load is
    better than none.
    """
    usable = [load for load in loads if is_stopped_usable or statuses.get(load.load_id) != "stopped"]
    ranks = {"published": 0, "stopped": 2}
    return min(usable, key=lambda load: ranks.get(statuses.get(load.load_id, ""), 1), default=None)
