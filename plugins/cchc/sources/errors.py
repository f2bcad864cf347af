"""What can go wrong at a source, by what has to be done about it."""

from __future__ import annotations


class SourceError(Exception):
    """A request that brought nothing usable; the message names it. The window is lost for tonight, nothing else."""


class SourceRefusedError(SourceError):
    """401, 403 or a firewall's page: whoever asks again gets banned. Nothing more is asked of this source tonight."""


class SourceUnavailableError(SourceError):
    """429, 5xx, time-outs or dropped connections up to the last try. Nothing more is asked of this source tonight."""
