"""docker-compose.yaml as Compose reads it: variables filled in from an .env made by the command of docs/install.md."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import Any

import yaml

from cchc.settings import CHECKOUT

COMPOSE_FILE = CHECKOUT / "docker-compose.yaml"
ENV_EXAMPLE = CHECKOUT / ".env.example"
MAKE_ENV = CHECKOUT / "docker" / "make_env.sh"

# $$ is a dollar; ${NAME:?why} must be set, ${NAME:-value} has a value of its own.
VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Z_]+)(?P<kind>:[?-])(?P<word>[^}]*)\})")


class MissingVariableError(Exception):
    """A variable that the file requires is not set."""


@dataclass(frozen=True)
class Stack:
    """The compose file, its variables filled in."""

    services: dict[str, dict[str, Any]]
    networks: dict[str, Any]
    volumes: dict[str, Any]


def read_compose() -> dict[str, Any]:
    """The file with resolved anchors and unfilled variables."""
    document: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
    return document


def read_env(text: str) -> dict[str, str]:
    """The variables of an env file: NAME=value a line, values as they are or in single quotes."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {
        name: value.removeprefix("'").removesuffix("'") for name, _, value in (line.partition("=") for line in lines)
    }


def make_env(*words: str) -> dict[str, str]:
    """An .env by the command of docs/install.md; ``demo``: for the demonstration."""
    completed = subprocess.run(["sh", str(MAKE_ENV), *words], stdout=subprocess.PIPE, text=True, check=True)
    return read_env(completed.stdout)


def interpolate(value: Any, variables: dict[str, str]) -> Any:
    """Fill ``variables`` into every text of a document, as Compose does; raises MissingVariableError."""
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        given = variables.get(match["name"])
        if not given and match["kind"] == ":?":
            raise MissingVariableError(match["name"])
        return given or match["word"]

    return VARIABLE.sub(fill, value)


def list_variables(value: Any) -> set[str]:
    """The names of the variables in a document."""
    return {match["name"] for match in VARIABLE.finditer(yaml.safe_dump(value)) if match["name"]}


def list_defaults(text: str) -> dict[str, str]:
    """The values that variables have in the file's text unless they are set."""
    return {match["name"]: match["word"] for match in VARIABLE.finditer(text) if match["kind"] == ":-"}
