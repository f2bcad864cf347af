"""The one reader of YAML files: exact numbers, no surprises of YAML 1.1, no key written twice.

Types of fields that several files share are here too. Models of single files are in the packages that read them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable
from copy import deepcopy
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from cchc.mistake import Mistake

_Content = TypeVar("_Content", tuple[Any, ...], dict[str, Any])


def of_form(pattern: str, form: str) -> AfterValidator:
    """A validator of text by a regular expression. ``form`` completes "… is no": the right form and an example."""
    written = re.compile(pattern)

    def check(text: str) -> str:
        if not written.fullmatch(text):
            raise PydanticCustomError("form", "{form}", {"form": form})
        return text

    return AfterValidator(check)


def _require_content(content: _Content) -> _Content:
    if not content:
        raise PydanticCustomError("too_short", "empty")
    return content


def _read_clock(written: object) -> time:
    if not isinstance(written, str) or not CLOCK.fullmatch(written):
        raise ValueError('is no time of day, write it as "07:00"')
    return time.fromisoformat(written)


# Types of fields.
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
Clock = Annotated[time, BeforeValidator(_read_clock)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Identifier = Annotated[str, of_form(r"[a-z][a-z0-9_]*", "name, write it in small letters a-z, digits and _")]
# Not empty. Field(min_length=1) would also call a list empty whose entries are invalid.
Filled = AfterValidator(_require_content)

_TOP = "top of the file"
# The field that names an entry → the word for the entry.
_NAMES = {"code": "entry", "variant": "entry", "id": "recipient"}


# libyaml's loader is ten times as fast as Python's, and every task reads such files.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # both are safe loaders
    """Reads null, true and false, whole and decimal numbers and days; every other scalar is text.

    YAML 1.1 would read ``NO`` as false, ``1:30`` as 90, ``9.5`` as a binary float, and choke on ``=``.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.entries: list[tuple[int, int, str]] = []  # first line, last line, place
        self.repeated: list[tuple[int, int, str]] = []  # line, column, key

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping; notes keys written twice, and the lines of each entry."""
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a field's name is text", key.start_mark)
            key.tag = "tag:yaml.org,2002:str"  # a field's name is text, also in {value: 9,5}
            if key.value in seen:
                self.repeated.append((key.start_mark.line, key.start_mark.column, key.value))
            elif key.value in _NAMES and isinstance(value, yaml.ScalarNode):
                place = f"{_NAMES[key.value]} {value.value}"
                self.entries.append((node.start_mark.line, node.end_mark.line, place))
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_decimal(self, node: yaml.ScalarNode) -> Decimal:
        """The exact number as written: 89.996 stays 89.996."""
        written: str = self.construct_scalar(node)
        return Decimal(written)

    def construct_day(self, node: yaml.ScalarNode) -> date | str:
        """The day; one that no calendar has (2024-02-30) stays text, so that the field's type makes it a mistake."""
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
    """A file's text in NFC, without a byte order mark; None and a mistake if it can't be read."""
    try:
        # Editors on some systems write "ế" as three characters: names would then differ from the same names elsewhere.
        return unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        mistakes.append(Mistake(path.name, "", "", f"there is no such file in {path.parent}"))
    except UnicodeDecodeError as error:
        mistakes.append(Mistake(path.name, "", "", f"is not UTF-8 at byte {error.start}, save it as UTF-8"))
    except OSError as error:
        mistakes.append(Mistake(path.name, "", "", f"can't be read ({error.strerror}), see to {path}"))
    return None


def read_document(path: Path, mistakes: list[Mistake]) -> dict[str, Any] | None:
    """A YAML file's mapping; None and a mistake if it has none. A key written twice is a mistake too.

    Numbers with a point are Decimal, days are date, times and all else text.
    """
    text = read_text(path, mistakes)
    if text is None:
        return None
    try:
        parsed, repeated = _parse(text)  # a run reads its few files in each of its tasks
        document = deepcopy(parsed)
    except (yaml.YAMLError, RecursionError) as error:
        mistakes.append(Mistake(path.name, "", "", f"is not readable as YAML: {_explain(error, text)}"))
        return None
    mistakes += [Mistake(path.name, entry, key, text) for entry, key, text in repeated]
    if isinstance(document, dict):
        return document
    mistakes.append(
        Mistake(path.name, "", "", "is empty or no mapping of fields to values, write them as field: value")
    )
    return None


@lru_cache(maxsize=32)
def _parse(text: str) -> tuple[Any, list[tuple[str, str, str]]]:
    """A text's document, and its keys written twice: (entry, key, fault)."""
    loader = _Loader(text)
    try:
        document = loader.get_single_data()
        return document, [
            (_entry_at(loader, line, column), key, f"is written twice (line {line + 1}), keep one")
            for line, column, key in loader.repeated
        ]
    finally:
        loader.dispose()


def _explain(error: Exception, text: str) -> str:
    """The sign that YAML can't read, its place, and the usual remedy."""
    mark = getattr(error, "problem_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return f"{' '.join(str(error).split())}, take that out"
    lines = text.split("\n")[mark.line : mark.line + 1]
    is_tab = bool(lines) and lines[0][mark.column : mark.column + 1] == "\t"
    what = "a tab" if is_tab else error.problem
    return (
        f"{what} at line {mark.line + 1}, column {mark.column + 1}; indent with spaces, close what is opened, put text"
        ' with ": " or " #" into quotes'
    )


def _entry_at(loader: _Loader, line: int, column: int) -> str:
    around = [(last - first, place) for first, last, place in loader.entries if first <= line <= last]
    return min(around)[1] if around else "" if column else _TOP
