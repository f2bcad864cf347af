"""The files of include/messages/, as ``make validate`` checks them: against the code that uses their texts.

The keys and placeholders of a text are known from the code alone, so that no second list of them has to be kept.
Keys and names of files are literals there, or f-strings that begin with their group.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cchc.messages import FOLDER, MessagesError, list_placeholders, read_messages
from cchc.mistake import Mistake
from cchc.settings import CHECKOUT, INCLUDE

CODE = (CHECKOUT / "plugins" / "cchc", CHECKOUT / "dags")
LABELS_MODULE = "labels.py"  # it passes the groups on that its callers name
TEMPLATES = INCLUDE / "templates"
# Other parts of make validate report a mistake in their form.
CHECKED_ELSEWHERE = {"alerts", "rejection_reasons"}
# Its typed reader knows every key (alerts/notification/wording.py).
TYPED = {"alerts"}
LABEL_FILTER = re.compile(r'\| label\("(\w+)"\)')
READER = "read_messages"


class Use(NamedTuple):
    """A place that uses texts of a file: ``key`` may end in ``*``; ``values``: the given names, None = not filled."""

    file: str
    key: str
    values: frozenset[str] | None = None


def check_messages() -> Iterator[Mistake]:
    """Files and texts that are missing, unused, or hold a placeholder for which the code has no value."""
    uses = list_uses()
    names = {path.stem for path in FOLDER.glob("*.yaml")}
    for name in sorted(names | {use.file for use in uses}):
        try:
            texts = read_messages(name).texts
        except MessagesError as error:
            if name not in CHECKED_ELSEWHERE:
                yield from error.mistakes
            continue
        own = [use for use in uses if use.file == name]
        if not own and name not in TYPED:
            yield Mistake(f"{name}.yaml", "", "", "is read by nothing, correct its name or take it out")
        elif own:
            yield from _check_texts(f"{name}.yaml", texts, own)


def count_texts() -> int:
    """The number of texts in all files."""
    return sum(len(read_messages(path.stem).texts) for path in FOLDER.glob("*.yaml"))


def _check_texts(file: str, texts: Mapping[str, str], uses: list[Use]) -> Iterator[Mistake]:

    for use in uses:
        if not any(_matches(use.key, key) for key in texts):
            yield Mistake(file, "", use.key.removesuffix(".*"), "is missing, add it")
    for key, text in texts.items():
        own = [use for use in uses if _matches(use.key, key)]
        if not own:
            yield Mistake(file, "", key, "is used by nothing, correct its name or take it out")
        exact = [use for use in own if use.key == key]
        given = [use.values for use in exact or own if use.values is not None]
        for name in sorted(list_placeholders(text)):
            if any(name not in values for values in given):
                there = ", ".join(f"{{{value}}}" for value in sorted(frozenset.intersection(*given))) or "none"
                yield Mistake(file, "", key, f"{{{name}}} has no value here, there are: {there}")


def _matches(pattern: str, key: str) -> bool:
    return key.startswith(pattern[:-1]) if pattern.endswith("*") else key == pattern


def list_uses() -> list[Use]:
    """Every use of a text in the code, and of a group of labels in the templates."""
    uses: list[Use] = []
    for path in sorted(path for folder in CODE for path in folder.rglob("*.py") if path.name != LABELS_MODULE):
        text = path.read_text(encoding="utf-8")
        if READER in text or "label(" in text:
            uses += _list_uses_of_module(ast.parse(text))
    for path in sorted(TEMPLATES.glob("*.j2")):
        uses += [Use("labels", f"{group}.*") for group in LABEL_FILTER.findall(path.read_text(encoding="utf-8"))]
    return uses


def _list_uses_of_module(module: ast.Module) -> Iterator[Use]:
    files = {
        target.id: file
        for statement in module.body
        if isinstance(statement, ast.Assign) and (file := _read_file(statement.value))
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "label":
            yield from (Use("labels", f"{group}.*") for group in _read_texts(node.args[1]))
        if not isinstance(node, ast.Call | ast.Attribute):
            continue
        owner = node.func if isinstance(node, ast.Call) else node
        if not isinstance(owner, ast.Attribute):
            continue
        file = files.get(owner.value.id) if isinstance(owner.value, ast.Name) else _read_file(owner.value)
        if file and isinstance(node, ast.Call) and owner.attr in ("format", "group"):
            suffix = ".*" if owner.attr == "group" else ""
            values = frozenset(word.arg or "" for word in node.keywords)
            for key in _read_texts(node.args[0]):
                yield Use(file, f"{key}{suffix}", None if suffix else values)
        elif file and isinstance(node, ast.Attribute) and owner.attr == "texts":
            yield Use(file, "*")


def _read_file(node: ast.expr) -> str | None:
    """The name of the file that an expression reads; None where it reads none."""
    is_reader = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == READER
    return next(iter(_read_texts(node.args[0])), None) if is_reader else None  # type: ignore[attr-defined]


def _read_texts(node: ast.expr) -> list[str]:
    """The texts that an expression of literals may have; an f-string stands for all texts with its beginning."""
    if isinstance(node, ast.IfExp):
        return [*_read_texts(node.body), *_read_texts(node.orelse)]
    if isinstance(node, ast.JoinedStr):
        return [f"{beginning}*" for beginning in _read_texts(node.values[0])]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
