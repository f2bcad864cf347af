"""Figures told as a story: so many dossiers a day, so large a share of each counter, turns on days that are written.

Every value of the year can be reckoned by hand. A story is a file; the register of its agencies is the agencies.csv in
the folder ``catalog`` beside it.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from math import floor
from pathlib import Path
from typing import Annotated

import numpy as np
import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from simulator.agencies import Agency, read_agencies
from simulator.figures import COUNTERS, DEFAULT_SEED, RATES, Figures, Whole

BASES = {rate.counter: rate.of for rate in RATES} | {"processing_days": "received"}


def _known_counter(name: str) -> str:
    if name not in BASES:
        raise ValueError(f"is no counter that is a share of another, take one of {', '.join(BASES)}")
    return name


Counter = Annotated[str, AfterValidator(_known_counter)]
# 0.46 as written, not the binary number next to it; 1/13 as text.
Exact = Annotated[Fraction, BeforeValidator(lambda number: Fraction(str(number))), Field(ge=0)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Catchment(_Told):
    """The area of an agency: ``dossiers`` a day, and those of its shares that aren't everybody's."""

    dossiers: Exact
    shares: dict[Counter, Exact] = Field(default_factory=dict)


class Turn(_Told):
    """From ``first`` to ``last`` the share of ``counter`` is the next one of ``shares``, from the first again after
    the last of them."""

    agencies: tuple[str, ...]
    counter: Counter
    first: date
    last: date
    shares: tuple[Exact, ...]


class Story(_Told):
    """A story's file. ``shares``: everybody's; ``heirs``: who answers for an agency that has ended."""

    year: int
    shares: dict[Counter, Exact]
    agencies: dict[str, Catchment]
    heirs: dict[str, str]
    turns: tuple[Turn, ...]

    @property
    def days(self) -> list[date]:
        """The days of its year."""
        start = date(self.year, 1, 1)
        return [start + timedelta(days=n) for n in range((date(self.year + 1, 1, 1) - start).days)]

    def list_shares(self, code: str, counter: str) -> list[Fraction]:
        """The share of ``counter`` on each day of the year."""
        usual = self.agencies[code].shares.get(counter, self.shares[counter])
        shares = [usual] * len(self.days)
        for turn in self.turns:
            if code in turn.agencies and counter == turn.counter:
                start = turn.first.timetuple().tm_yday - 1
                for n in range((turn.last - turn.first).days + 1):
                    shares[start + n] = turn.shares[n % len(turn.shares)]
        return shares


class StoryFigures(Figures):
    """The figures of a story, for its year; of other years there is nothing."""

    def __init__(self, story: Story, agencies: tuple[Agency, ...]) -> None:
        super().__init__(DEFAULT_SEED, 0, agencies)
        self.story = story
        self.heirs = story.heirs
        self.catchments = tuple(catchment for catchment in self.catchments if catchment.code in story.agencies)

    def draw_year(self, year: int) -> Whole:
        """Cumulative counts: counters (in the order of Counts) × catchments × days + 1."""
        return self._told if year == self.story.year else np.zeros((len(COUNTERS), len(self.catchments), 367), np.int64)

    @cached_property
    def _told(self) -> Whole:
        told = [self._tell(catchment.code) for catchment in self.catchments]
        return np.array([[counts[counter] for counts in told] for counter in COUNTERS], np.int64)

    def _tell(self, code: str) -> dict[str, list[int]]:
        """Cumulative counts of a catchment by counter. Fractions of a dossier wait until they are a whole one."""
        daily = {"received": [self.story.agencies[code].dossiers] * len(self.story.days)}
        for counter, base in BASES.items():
            shares = self.story.list_shares(code, counter)
            daily[counter] = [whole * share for whole, share in zip(daily[base], shares, strict=True)]
        return {counter: _cumulate(counts) for counter, counts in daily.items()}


def _cumulate(daily: list[Fraction]) -> list[int]:
    total, sums = Fraction(), [0]
    for count in daily:
        total += count
        sums.append(floor(total))
    return sums


def read_story(path: Path) -> StoryFigures:
    """Read a story and its register; pydantic's ValidationError names what isn't as it should be."""
    story = Story.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    return StoryFigures(story, read_agencies(path.parent / "catalog" / "agencies.csv"))
