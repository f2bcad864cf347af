"""Mistakes in the files that people write: file, entry, field, the fault and the remedy in plain English.

The checks themselves are in the packages that read the files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic_core import ErrorDetails

_MAX_QUOTE = 200
# Alike lines for different places that are listed; the last of them counts the rest.
_MAX_ALIKE = 3

# By pydantic's type of error. ``written`` is the value in the file.
_EXPLANATIONS = {
    "missing": "is missing, add it",
    "extra_forbidden": "is not a field of this entry, correct its name or take it out",
    "literal_error": "{written} is not one of {expected}",
    "string_type": "{written} is not text, write it in quotes",
    "string_too_short": "is empty, fill it in",
    "string_too_long": "{written} is too long, shorten it to {max_length} characters",
    "form": "{written} is no {form}",
    "too_short": "is empty, fill it in",
    "too_few": "has one value, write two or more",
    "left_out": "leaves out {names}, add them",
    "tuple_type": "{written} is not a list, write it as [a, b]",
    "model_type": "{written} is no group of fields, write it as {{field: value}}",
    "date_type": "{written} is not a day, write it as 2024-12-31",
    "bool_type": "{written} is neither true nor false (in a table: yes nor no)",
    "int_type": "{written} is not a whole number",
    "int_parsing": "{written} is not a whole number, write it in digits",
    "int_from_float": "{written} is not a whole number, write it without a fraction",
    "float_type": "{written} is not a number, write it in digits: 1.5",
    "float_parsing": "{written} is not a number, write it with a point: 1.5",
    "decimal_type": "{written} is not a number, write digits with a point and no other sign: 1.5",
    "decimal_parsing": "{written} is not a number, write digits with a point and no other sign: 1.5",
    "greater_than": "{written} is too small, write more than {gt}",
    "greater_than_equal": "{written} is too small, write {ge} or more",
    "less_than_equal": "{written} is too large, write {le} or less",
    "bool_parsing": "{written} is neither true nor false",
    "dict_type": "{written} is no group of fields, write it as {{field: value}}",
    "model_attributes_type": "{written} is no group of fields, write it as {{field: value}}",
    "value_error": "{written} {error}",
}


class Doubt(str):
    """The text of a mistake that may be intended: ``make validate`` reports it, no run stops on it."""

    __slots__ = ()


# The path of a field, and its fault with the remedy; the caller knows the file and the entry.
FieldMistake = tuple[str, str]


@dataclass(frozen=True)
class Mistake:
    """One mistake. ``entry``: the place in the file ("entry II.1.b-1"); ``field``: a path ("targets[0].value")."""

    file: str
    entry: str
    field: str
    text: str

    def __str__(self) -> str:
        places = [self.file, self.entry, self.field and f"field {self.field}"]
        line = ", ".join(filter(None, places)) + f": {self.text}"
        # A zero-width space is invisible, and a hard space looks like any other: they are written as \u200b.
        return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in line)


class MistakesError(Exception):
    """A file is invalid. ``mistakes`` holds all that were found; the message has a line for each."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(list_lines(mistakes)))
        self.mistakes = tuple(mistakes)


class CatalogError(MistakesError):
    """The catalog or a file of the alerts is invalid."""


def list_lines(mistakes: Iterable[Mistake]) -> list[str]:
    """A line for each mistake; of many alike the first ones with the number of the others.

    One wrong day in a header makes a mistake in every entry.
    """
    alike: dict[tuple[str, str, str], list[Mistake]] = defaultdict(list)
    for mistake in mistakes:
        field, text = re.sub(r"\[\d+\]", "[]", mistake.field), re.sub(r"\d{4}-\d\d-\d\d", "day", mistake.text)
        alike[mistake.file, field, text].append(mistake)
    lines: list[str] = []
    for same in alike.values():
        lines += map(str, same[:_MAX_ALIKE])
        if len(same) > _MAX_ALIKE:
            lines[-1] += f" (and {len(same) - _MAX_ALIKE} more such)"
    return lines


def field_path(location: Sequence[int | str]) -> str:
    """A field's path as text: ("targets", 0, "value") → "targets[0].value"."""
    path = ""
    for step in location:
        if step == "[key]":  # pydantic marks the name of a field so, not its value
            continue
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def explain_error(error: ErrorDetails) -> str:
    """The fault of a field and its remedy, from one pydantic error."""
    written = _quote(error["input"])
    context = error.get("ctx", {})
    if error["type"] == "literal_error":  # pydantic's list reads "'>=', '>' or '='"
        context = {"expected": context["expected"].replace(" or ", ", ").replace("'", "")}
    if error["type"] == "extra_forbidden" and str(error["loc"][-1]).isdigit():  # {value: 9,5} reads as value: 9 and 5
        return "is a number without a name, write a decimal with a point: 9.5"
    explanation = _EXPLANATIONS.get(error["type"])
    return explanation.format(written=written, **context) if explanation else f"{written}: {error['msg']}"


def _quote(value: object) -> str:
    """A value in quotes, on one line and shortened."""
    text = str(value)
    line = " ".join(text.split()) if len(text.splitlines()) > 1 else text
    return f'"{line}"' if len(line) <= _MAX_QUOTE else f'"{line[:_MAX_QUOTE]}…"'
