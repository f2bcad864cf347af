"""Mistakes in the catalog's files, told in words: file, entry, field, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import ErrorDetails

# By pydantic's type of error. ``told`` is what stands in the file.
_EXPLANATIONS = {
    "missing": "is missing, add it",
    "extra_forbidden": "is not a field of this entry, correct its name or take it out",
    "literal_error": "{told} is not one of {expected}",
    "string_type": "{told} is not text, write it in quotes",
    "string_too_short": "is empty, fill it in",
    "string_too_long": "{told} is too long, shorten it to {max_length} characters",
    "string_pattern_mismatch": "{told} is not of the form {pattern}",
    "too_short": "is empty, fill it in",
    "tuple_type": "{told} is not a list, write it as [a, b]",
    "model_type": "{told} is no group of fields, write it as {{field: value}}",
    "date_type": "{told} is not a day, write it as 2024-12-31",
    "bool_type": "{told} is neither true nor false (in a table: yes nor no)",
    "int_type": "{told} is not a whole number",
    "value_error": "{told} {error}",
}


@dataclass(frozen=True)
class Mistake:
    """One mistake. ``entry`` says where in the file ("entry II.1.b-1"), ``field`` is a path ("targets[0].value")."""

    file: str
    entry: str
    field: str
    text: str

    def __str__(self) -> str:
        places = [self.file, self.entry, self.field and f"field {self.field}"]
        return ", ".join(filter(None, places)) + f": {self.text}"


class CatalogError(Exception):
    """The catalog is refused. ``mistakes`` holds all that were found, the message one a line."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


def field_path(location: Sequence[int | str]) -> str:
    """The path of a field as people write it: ("targets", 0, "value") → "targets[0].value"."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def explain_error(error: ErrorDetails) -> str:
    """What is wrong with a field and what to do, from one error of pydantic's."""
    told = f'"{error["input"]}"'
    context = error.get("ctx", {})
    if error["type"] == "literal_error":  # pydantic's list reads "'>=', '>' or '='"
        context = {"expected": context["expected"].replace(" or ", ", ").replace("'", "")}
    if error["type"] == "extra_forbidden" and str(error["loc"][-1]).isdigit():  # {value: 9,5} reads as value: 9 and 5
        return "is a number without a name, write a decimal with a point: 9.5"
    explanation = _EXPLANATIONS.get(error["type"])
    return explanation.format(told=told, **context) if explanation else f"{told}: {error['msg']}"
