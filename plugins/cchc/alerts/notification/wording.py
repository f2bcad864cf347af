"""The words of messages, typed from include/messages/alerts.yaml. The rendering chooses among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from cchc.alerts.model import Audience
from cchc.messages import FOLDER, Messages, fill, list_placeholders
from cchc.mistake import CatalogError, Mistake, MistakesError, explain_error, field_path

WORDING = FOLDER / "alerts.yaml"

# The names that sentences may have in braces. The rendering gives each sentence its own ones.
PLACEHOLDERS = frozenset([
    "acknowledged", "agency", "alert", "alerts", "by", "clause", "code", "content", "counts", "day", "days", "gap",
    "heading", "kind", "mix", "name", "open", "per_week", "prefix", "province", "rate", "rest", "subjects", "target",
    "total", "unit", "value", "variant",
])  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A labelled sentence, and the list below it."""

    label: str
    text: str
    listed: tuple[str, ...] = ()


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AudienceWords(_Words):
    """The frame of a message to one audience."""

    prefix: str
    heading: str
    opening: str
    footer: str = ""


class Wording(_Words):
    """Every word of a message. include/messages/alerts.yaml explains the fields, where people write them."""

    subject: str
    urgent: str
    further: str
    performance: AudienceWords
    operators: AudienceWords
    followed: str
    answer: str
    legend: str
    points: str
    titles: dict[str, str]
    intros: dict[str, str]
    counts: dict[str, str]
    labels: dict[str, str]
    sentences: dict[str, str]

    def frame(self, audience: Audience) -> AudienceWords:
        """The frame of messages to an audience."""
        return self.operators if audience == "operators" else self.performance

    def line(self, label: str, sentence: str = "", **values: object) -> Line:
        """A line with the sentence named like its label, or another one."""
        return Line(self.labels[label], self.sentence(sentence or label, **values))

    def sentence(self, key: str, /, **values: object) -> str:
        """A sentence, filled with ``values``."""
        return fill(self.sentences[key], **values)


@cache
def load_wording(path: Path = WORDING) -> Wording:
    """The words of the file. Raises one CatalogError that names every mistake with its field."""
    try:
        texts = Messages(path).texts
    except MistakesError as error:
        raise CatalogError(error.mistakes) from error
    mistakes = [Mistake(path.name, "", field, text) for field, text in _find_unknown_names(texts)]
    try:
        wording = Wording.model_validate(_nest(texts))
    except ValidationError as invalid:
        mistakes += [
            Mistake(path.name, "", field_path(error["loc"]), explain_error(error)) for error in invalid.errors()
        ]
        raise CatalogError(mistakes) from None
    if mistakes:
        raise CatalogError(mistakes)
    return wording


def _find_unknown_names(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Field and fault of each text with an unknown name in braces."""
    for key, text in texts.items():
        for name in sorted(list_placeholders(text) - PLACEHOLDERS):
            yield key, f"{{{name}}} is no fact, there are {', '.join(sorted(PLACEHOLDERS))}"


def _nest(texts: Mapping[str, str]) -> dict[str, object]:
    """Texts by key with each group as a mapping of its own."""
    nested: dict[str, object] = {}
    groups: dict[str, dict[str, str]] = {}
    for key, text in texts.items():
        group, _, name = key.partition(".")
        if name:
            groups.setdefault(group, {})[name] = text
        else:
            nested[key] = text
    return nested | groups
