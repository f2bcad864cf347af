"""The words of messages, include/alerts/wording_vi.yaml, typed, and how facts come into them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cchc.alerts.model import Audience
from cchc.mistake import CatalogError, Mistake, explain_error, field_path
from cchc.strict_yaml import read_document

# What sentences may have in braces; which of them a sentence knows is told where it is said.
FACTS = frozenset([
    "acknowledged", "agency", "alert", "alerts", "by", "clause", "code", "content", "counts", "day", "days", "gap",
    "heading", "kind", "mix", "name", "open", "per_week", "prefix", "province", "rate", "rest", "subjects", "target",
    "total", "unit", "value", "variant",
])  # fmt: skip
LONGEST_FACT = 500  # letters; the longest task of the annex of 2024 has 398


@dataclass(frozen=True)
class Line:
    """A labelled sentence, and what is listed below it."""

    label: str
    text: str
    listed: tuple[str, ...] = ()


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AudienceWords(_Words):
    """What frames a message to these readers."""

    prefix: str
    heading: str
    opening: str
    footer: tuple[str, ...]


class SectionWords(_Words):
    """What is said of alerts to which the same has happened."""

    title: str
    intro: str
    counted: str
    tone: Literal["bad", "watch", "good"]


class Wording(_Words):
    """Every word of a message; the fields are explained where people write them."""

    subject: str
    urgent: str
    further: str
    audiences: dict[Audience, AudienceWords]
    counts: str
    answer: str
    legend: str
    points: str
    sections: dict[str, SectionWords]
    labels: dict[str, str]
    sentences: dict[str, str]
    kinds: dict[str, str]
    reasons: dict[str, str]
    flags: dict[str, str]
    statuses: dict[str, str]
    runbook: dict[str, str]

    def line(self, label: str, sentence: str = "", **values: object) -> Line:
        """A line with the sentence of its label's name, or another."""
        return Line(self.labels[label], self.say(sentence or label, **values))

    def say(self, sentence: str, **values: object) -> str:
        """A sentence, filled with ``values``."""
        return fill(self.sentences[sentence], **values)


@cache
def load_wording(path: Path) -> Wording:
    """Read the words; CatalogError names every mistake with its field."""
    mistakes: list[Mistake] = []
    document = read_document(path, mistakes)
    mistakes += [Mistake(path.name, "", field, text) for field, text in _find_wrong_braces(document, ())]
    if mistakes:
        raise CatalogError(mistakes)
    try:
        return Wording.model_validate(document)
    except ValidationError as refusal:
        raise CatalogError(
            [Mistake(path.name, "", field_path(error["loc"]), explain_error(error)) for error in refusal.errors()]
        ) from None


def _find_wrong_braces(part: object, location: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    """Field and what is wrong, of every text whose braces hold something else than a fact."""
    if isinstance(part, dict):
        for name, inside in part.items():
            yield from _find_wrong_braces(inside, (*location, name))
    elif isinstance(part, list):
        for position, inside in enumerate(part):
            yield from _find_wrong_braces(inside, (*location, position))
    elif isinstance(part, str):
        try:
            named = {name for _, name, _, _ in Formatter().parse(part) if name is not None}
        except ValueError:
            yield field_path(location), "has a brace that isn't closed or opened, write { and } in pairs"
        else:
            for name in sorted(named - FACTS):
                yield field_path(location), f"{{{name}}} is no fact, there are {', '.join(sorted(FACTS))}"


def fill(sentence: str, **values: object) -> str:
    """The sentence with its values, each of them cleaned."""
    return sentence.format(**{name: clean_text(str(value)) for name, value in values.items()})


def clean_text(text: str) -> str:
    """The text as a part of one line, which it can neither end, nor turn around, nor flood.

    Control, format (bidi, zero width) and separator characters become a single space; what is longer than
    ``LONGEST_FACT`` is cut.
    """
    kept = (" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in unicodedata.normalize("NFC", text))
    line = " ".join("".join(kept).split())
    return line if len(line) <= LONGEST_FACT else f"{line[: LONGEST_FACT - 1]}…"


def name_code(words: Mapping[str, str], code: str, **values: object) -> str:
    """What a code is called; the code where it has no name."""
    return fill(words[code], **values) if code in words else clean_text(code)
