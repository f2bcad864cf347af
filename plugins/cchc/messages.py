"""Texts for people, in Vietnamese, from include/messages/: one YAML file for each subject.

Only reading and filling of texts belongs here. The code that uses a text decides when it is shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from string import Formatter

from cchc.mistake import Mistake, MistakesError
from cchc.settings import INCLUDE
from cchc.strict_yaml import read_document

FOLDER = INCLUDE / "messages"
MAX_VALUE_LENGTH = 500  # characters; the longest task of the annex of 2024 has 398


class MessagesError(MistakesError):
    """A file of messages is rejected."""


class OneLine(str):
    """A text that is one clean line already, of any length: ``Messages.format`` puts it in unchanged."""

    __slots__ = ()


class Messages:
    """The texts of one file by their keys; a key within a group is ``group.key``.

    The file is read at the first use, so that a mistake in it doesn't stop an import. Every use raises MessagesError
    where the file is rejected.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Key → text as it stands in the file, with its placeholders."""
        mistakes: list[Mistake] = []
        texts = dict(_list_texts(self.path, mistakes))
        if mistakes:
            raise MessagesError(mistakes)
        return texts

    def format(self, key: str, /, **values: object) -> str:
        """The text of a key, filled with ``values``; none of them can end a line of it.

        Raises LookupError for an unknown key, and for a placeholder without a value.
        """
        return fill(self.texts[key], **values)

    def group(self, name: str) -> Mapping[str, str]:
        """The texts of a group by their keys within it, in the order of the file. Raises LookupError without them."""
        head = f"{name}."
        found = {key.removeprefix(head): text for key, text in self.texts.items() if key.startswith(head)}
        if not found:
            raise LookupError(f"{self.path.name} has no group {name}")
        return found


@cache
def read_messages(name: str, folder: Path = FOLDER) -> Messages:
    """The texts of ``<folder>/<name>.yaml``."""
    return Messages(folder / f"{name}.yaml")


def fill(text: str, /, **values: object) -> str:
    """``text`` with its placeholders filled; each value is made one clean line. Raises LookupError without a value."""
    return text.format(
        **{name: value if isinstance(value, OneLine) else clean_text(str(value)) for name, value in values.items()}
    )


def clean_text(text: str) -> str:
    """``text`` as a part of one line, which it can neither end, nor turn around, nor flood.

    Control, format (bidi, zero width) and separator characters become a single space; a text longer than
    ``MAX_VALUE_LENGTH`` is cut.
    """
    kept = (" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in unicodedata.normalize("NFC", text))
    line = " ".join("".join(kept).split())
    return line if len(line) <= MAX_VALUE_LENGTH else f"{line[: MAX_VALUE_LENGTH - 1]}…"


def list_placeholders(text: str) -> set[str]:
    """The names in braces. Raises ValueError where a brace is open, or holds more than a name."""
    names = set()
    for _, name, form, conversion in Formatter().parse(text):
        if name is not None:
            if not name.isidentifier() or form or conversion:
                raise ValueError(f"{{{name}}} holds more than a name")
            names.add(name)
    return names


def _list_texts(path: Path, mistakes: list[Mistake]) -> Iterator[tuple[str, str]]:
    """Key and text of each entry of a file; what isn't a text is added to ``mistakes``."""
    for key, content in (read_document(path, mistakes) or {}).items():
        within = (
            {f"{key}.{name}": text for name, text in content.items()} if isinstance(content, dict) else {key: content}
        )
        for place, text in within.items():
            if not isinstance(text, str) or not text.strip():
                mistakes.append(Mistake(path.name, "", place, f'"{text}" is not text, write it in quotes'))
                continue
            try:
                list_placeholders(text)
            except ValueError:
                advice = "has a brace that holds no name, write {name}, and { and } in pairs"
                mistakes.append(Mistake(path.name, "", place, advice))
            yield place, text
