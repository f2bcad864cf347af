"""A load: one capture of one window on its way into the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid5

from cchc.sources.raw_archive import Capture, read_capture
from cchc.sources.window import Window

# Names every load of every installation the same way: the same bytes are the same load.
NAMESPACE = UUID("6f1ad1d8-5d5c-5e0b-9d2c-35a1c11a2024")


@dataclass(frozen=True)
class Load:
    """What the ledger knows of a load before its rows are read. ``window_end`` is never after the day described."""

    source: str
    window: Window
    capture: Capture

    @property
    def load_id(self) -> UUID:
        """The same for the same source, entity, window, day described and content."""
        parts = (self.source, self.window.name, self.data_date.isoformat(), self.capture.content_sha256)
        return uuid5(NAMESPACE, "|".join(parts))

    @property
    def data_date(self) -> date:
        """The day described."""
        return self.capture.data_date

    @property
    def window_end(self) -> date:
        """Last day of the window that the content can know."""
        return max(self.window.start, min(self.window.end, self.data_date))

    @property
    def captured_at(self) -> datetime:
        """When the source answered."""
        return self.capture.captured_at

    def parameters(self) -> dict[str, Any]:
        """Parameters of include/sql/publish/."""
        return {
            "load_id": self.load_id,
            "source": self.source,
            "entity": self.window.entity,
            "period": self.window.period,
            "window_start": self.window.start,
            "window_end": self.window_end,
            "data_date": self.data_date,
            "content_sha256": self.capture.content_sha256,
            "archive_uri": self.capture.folder.as_uri(),
            "captured_at": self.captured_at,
            "modified_at": self.capture.modified_at,
        }

    def to_message(self) -> dict[str, str]:
        """What one task tells the next: enough to find the bytes again."""
        return {**self.window.to_message(), "source": self.source, "folder": str(self.capture.folder)}

    @classmethod
    def from_message(cls, message: dict[str, str]) -> Self:
        """The load that ``to_message`` told of."""
        return cls(message["source"], Window.from_message(message), read_capture(Path(message["folder"])))
