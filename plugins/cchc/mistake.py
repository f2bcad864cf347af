"""Mistakes in the files that people write, in words: file, entry, field, what is wrong and what to do."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic_core import ErrorDetails

_LONGEST_QUOTE = 200
# So many lines say the same of different places; the last one says how many more do.
_MOST_ALIKE = 3

# By pydantic's type of error. ``told`` is what stands in the file.
_EXPLANATIONS = {
    "missing": "is missing, add it",
    "extra_forbidden": "is not a field of this entry, correct its name or take it out",
    "literal_error": "{told} is not one of {expected}",
    "string_type": "{told} is not text, write it in quotes",
    "string_too_short": "is empty, fill it in",
    "string_too_long": "{told} is too long, shorten it to {max_length} characters",
    "form": "{told} is no {form}",
    "too_short": "is empty, fill it in",
    "too_few": "has one value, write two or more",
    "left_out": "leaves out {names}, add them",
    "tuple_type": "{told} is not a list, write it as [a, b]",
    "model_type": "{told} is no group of fields, write it as {{field: value}}",
    "date_type": "{told} is not a day, write it as 2024-12-31",
    "bool_type": "{told} is neither true nor false (in a table: yes nor no)",
    "int_type": "{told} is not a whole number",
    "int_parsing": "{told} is not a whole number, write it in digits",
    "int_from_float": "{told} is not a whole number, write it without a fraction",
    "float_type": "{told} is not a number, write it in digits: 1.5",
    "float_parsing": "{told} is not a number, write it with a point: 1.5",
    "decimal_type": "{told} is not a number, write digits with a point and no other sign: 1.5",
    "decimal_parsing": "{told} is not a number, write digits with a point and no other sign: 1.5",
    "greater_than": "{told} is too small, write more than {gt}",
    "greater_than_equal": "{told} is too small, write {ge} or more",
    "less_than_equal": "{told} is too large, write {le} or less",
    "bool_parsing": "{told} is neither true nor false",
    "dict_type": "{told} is no group of fields, write it as {{field: value}}",
    "model_attributes_type": "{told} is no group of fields, write it as {{field: value}}",
    "value_error": "{told} {error}",
}


class Doubt(str):
    """What is wrong, most likely, and may be meant: make validate tells it, no run stops on it."""

    __slots__ = ()


@dataclass(frozen=True)
class Mistake:
    """One mistake. ``entry`` says where in the file ("entry II.1.b-1"), ``field`` is a path ("targets[0].value")."""

    file: str
    entry: str
    field: str
    text: str

    def __str__(self) -> str:
        places = [self.file, self.entry, self.field and f"field {self.field}"]
        line = ", ".join(filter(None, places)) + f": {self.text}"
        # Nobody sees a zero-width space or tells a hard space from another: they are written as \u200b.
        return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in line)


class MistakesError(Exception):
    """A file is refused. ``mistakes`` holds all that were found, the message one a line."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(list_lines(mistakes)))
        self.mistakes = tuple(mistakes)


class CatalogError(MistakesError):
    """The catalog or a file of the alerts is refused."""


def list_lines(mistakes: Iterable[Mistake]) -> list[str]:
    """A line for each mistake. One wrong day of a header makes many alike: of those the first, and how many more."""
    alike: dict[tuple[str, str, str], list[Mistake]] = defaultdict(list)
    for mistake in mistakes:
        field, text = re.sub(r"\[\d+\]", "[]", mistake.field), re.sub(r"\d{4}-\d\d-\d\d", "day", mistake.text)
        alike[mistake.file, field, text].append(mistake)
    lines: list[str] = []
    for same in alike.values():
        lines += map(str, same[:_MOST_ALIKE])
        if len(same) > _MOST_ALIKE:
            lines[-1] += f" (and {len(same) - _MOST_ALIKE} more such)"
    return lines


def field_path(location: Sequence[int | str]) -> str:
    """The path of a field as people write it: ("targets", 0, "value") → "targets[0].value"."""
    path = ""
    for step in location:
        if step == "[key]":  # pydantic's word for the name of a field, not its value
            continue
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def explain_error(error: ErrorDetails) -> str:
    """What is wrong with a field and what to do, from one error of pydantic's."""
    told = _quote(error["input"])
    context = error.get("ctx", {})
    if error["type"] == "literal_error":  # pydantic's list reads "'>=', '>' or '='"
        context = {"expected": context["expected"].replace(" or ", ", ").replace("'", "")}
    if error["type"] == "extra_forbidden" and str(error["loc"][-1]).isdigit():  # {value: 9,5} reads as value: 9 and 5
        return "is a number without a name, write a decimal with a point: 9.5"
    explanation = _EXPLANATIONS.get(error["type"])
    return explanation.format(told=told, **context) if explanation else f"{told}: {error['msg']}"


def _quote(value: object) -> str:
    """A value as it is shown in a mistake, which is one line."""
    text = str(value)
    line = " ".join(text.split()) if len(text.splitlines()) > 1 else text
    return f'"{line}"' if len(line) <= _LONGEST_QUOTE else f'"{line[:_LONGEST_QUOTE]}…"'
