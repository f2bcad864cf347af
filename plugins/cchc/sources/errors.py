"""Failures of a source, by what has to be done about them."""

from __future__ import annotations


class SourceError(Exception):
    """A request brought nothing usable; the message names it. Only its window is missing in this run."""


class SourceRefusedError(SourceError):
    """401, 403 or a firewall's page: more requests could get us banned. This run asks the source nothing more."""


class SourceUnavailableError(SourceError):
    """429, 5xx, time-outs or dropped connections up to the last try. This run asks the source nothing more."""
