"""Strict reading of the catalog's YAML: exact numbers, no surprises of YAML 1.1, no key written twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from cchc.mistake import Mistake

_NOT_IN_AN_ENTRY = "top of the file"


class _Loader(yaml.SafeLoader):
    """Only what the catalog needs is more than text: null, true and false, whole and decimal numbers, days.

    YAML 1.1 would read ``NO`` as false, ``1:30`` as 90, ``9.5`` as a binary float, and choke on ``=``.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.entries: list[tuple[int, int, str]] = []  # first line, last line, code
        self.repeated: list[tuple[int, str]] = []  # line, key

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Construct a mapping, noting keys written twice and which lines belong to which entry."""
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a field's name is text", key.start_mark)
            key.tag = "tag:yaml.org,2002:str"  # a field's name is text, also in {value: 9,5}
            if key.value in seen:
                self.repeated.append((key.start_mark.line, key.value))
            elif key.value in ("code", "variant") and isinstance(value, yaml.ScalarNode):
                self.entries.append((node.start_mark.line, node.end_mark.line, value.value))
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def construct_decimal(self, node: yaml.ScalarNode) -> Decimal:
        """The exact number as written: 89.996 stays 89.996."""
        written: str = self.construct_scalar(node)
        return Decimal(written)

    def construct_day(self, node: yaml.ScalarNode) -> date | str:
        """The day; one that no calendar has (2024-02-30) stays text and is refused with its field."""
        written: str = self.construct_scalar(node)
        try:
            return date.fromisoformat(written)
        except ValueError:
            return written


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in [
    ("tag:yaml.org,2002:null", r"null|~|", ["n", "~", ""]),
    ("tag:yaml.org,2002:bool", r"true|false", ["t", "f"]),
    ("tag:yaml.org,2002:int", r"-?(0|[1-9]\d*)", list("-0123456789")),
    ("!decimal", r"-?(0|[1-9]\d*)\.\d+", list("-0123456789")),
    ("!day", r"\d{4}-\d\d-\d\d", list("0123456789")),
]:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), _first)
_Loader.add_constructor("!decimal", _Loader.construct_decimal)
_Loader.add_constructor("!day", _Loader.construct_day)


def read_text(path: Path, mistakes: list[Mistake]) -> str | None:
    """The text of a file, composed (NFC), without a byte order mark; None and a mistake if it can't be read."""
    try:
        # Editors on some systems write "ế" as three characters: names would then differ from the same names elsewhere.
        return unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        mistakes.append(Mistake(path.name, "", "", f"there is no such file in {path.parent}"))
    except UnicodeDecodeError as error:
        mistakes.append(Mistake(path.name, "", "", f"is not UTF-8 at byte {error.start}, save it as UTF-8"))
    return None


def read_document(path: Path, mistakes: list[Mistake]) -> dict[str, Any] | None:
    """The mapping that a YAML file holds; None and a mistake if it holds none. Keys written twice are mistakes."""
    text = read_text(path, mistakes)
    if text is None:
        return None
    loader = _Loader(text)
    try:
        document = loader.get_single_data()
    except yaml.YAMLError as error:
        mistakes.append(Mistake(path.name, "", "", f"is not readable as YAML: {' '.join(str(error).split())}"))
        return None
    finally:
        loader.dispose()
    mistakes += [
        Mistake(path.name, _entry_at(loader, line), key, f"is written twice (line {line + 1}), keep one")
        for line, key in loader.repeated
    ]
    if isinstance(document, dict):
        return document
    mistakes.append(Mistake(path.name, "", "", "is empty or no mapping of fields to values"))
    return None


def _entry_at(loader: _Loader, line: int) -> str:
    around = [(last - first, code) for first, last, code in loader.entries if first <= line <= last]
    return f"entry {min(around)[1]}" if around else _NOT_IN_AN_ENTRY
