"""Refuses the words of words.yaml: one word for one thing, as docs/glossary.md lists them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
RULES = CHECKOUT / ".ci" / "words.yaml"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def main() -> int:
    """Print each place with the term to use; 1 if there is any."""
    document = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    rules = [Rule(given) for given in document["rules"]]
    found = 0
    for path in list_files(document):
        for number, line in enumerate((CHECKOUT / path).read_text(encoding="utf-8").splitlines(), 1):
            for rule in rules:
                if word := rule.find(path, line):
                    found += 1
                    sys.stdout.write(f'{path}:{number}: "{word}": {rule.say}\n')
    if found:
        sys.stdout.write(f"{found} places hold a word that the project has left: docs/glossary.md\n")
    return 1 if found else 0


class Rule:
    """One entry of words.yaml."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.say: str = given["say"]
        self.paths: list[str] = given.get("in", [""])
        self.exceptions: list[str] = given.get("except", [])
        self.is_raw = "raw" in given
        self.pattern = re.compile(given["raw"] if self.is_raw else rf"\b(?:{given['not']})\b")
        self.allowed = re.compile(rf"\b(?:{'|'.join(given['but'])})\b") if "but" in given else None

    def find(self, path: str, line: str) -> str | None:
        """The word that the line holds; None if it may stand."""
        if not is_below(path, self.paths) or is_below(path, self.exceptions):
            return None
        text = line if self.is_raw else " ".join(WORD.findall(line)).lower()
        if self.allowed:
            text = self.allowed.sub(" ", text)
        match = self.pattern.search(text)
        return match[0] if match else None


def is_below(path: str, places: list[str]) -> bool:
    """Whether a path is one of the places, or lies in one."""
    return any(place in ("", path) or path.startswith(f"{place}/") for place in places)


def list_files(document: dict[str, Any]) -> list[str]:
    """The tracked text files that are looked at."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *document["paths"]], cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return [path for path in listed if path and not is_below(path, document["except"]) and is_text(CHECKOUT / path)]


def is_text(path: Path) -> bool:
    """Whether a file is there and is UTF-8."""
    if not path.is_file():
        return False
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
