"""The commands of docs/install.md, read from the page and run without Docker."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

from cchc.settings import CHECKOUT
from tests.stack.postgres_service import client_environment
from tests.stack.process_stack import ProcessStack

PAGE = CHECKOUT / "docs" / "install.md"
COMMAND = re.compile(
    r"docker compose (?:exec|run --rm --no-deps) -T (?P<service>\S+) (?P<words>.+?) (?P<way>[<>]) (?P<file>\S+)"
)
UP = re.compile(r"docker compose up --detach --wait(?P<services>.*)")


def read_block(name: str) -> list[str]:
    """The lines of the page's code block of this name."""
    block = re.search(rf"^```{name}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block, f"{PAGE.name} has no block {name}"
    return [line for line in block[1].splitlines() if line not in ("(set -e", ")")]


def run_commands(stack: ProcessStack, name: str, folder: Path, start: Callable[[list[str]], None]) -> None:
    """Run a block of the page in ``folder``; ``start`` brings up the named services, all without a name."""
    for line in read_block(name):
        if up := UP.fullmatch(line):
            start(up["services"].split())
        elif command := COMMAND.fullmatch(line):
            run_inside(stack, command, folder)
        else:
            subprocess.run(["sh", "-c", line], cwd=folder, check=True)


def run_inside(stack: ProcessStack, command: re.Match[str], folder: Path) -> None:
    """A command as in the container of its service, its input or output a file of ``folder``."""
    service, source, target = command["service"], subprocess.DEVNULL, subprocess.DEVNULL
    words = [stack.translate(service, word) for word in shlex.split(command["words"])]
    with (folder / command["file"]).open("rb" if command["way"] == "<" else "xb") as file:
        source, target = (file, target) if command["way"] == "<" else (source, file)
        subprocess.run(words, stdin=source, stdout=target, env=choose_environment(stack, service), check=True)


def choose_environment(stack: ProcessStack, service: str) -> dict[str, str]:
    """The environment of a command in the container of a service."""
    databases = {"metadata", "warehouse"}
    return client_environment(stack, service) if service in databases else stack.environment(service, service)
