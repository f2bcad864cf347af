"""docker-compose.yaml without Docker: each service's command, environment and health check as plain processes.

Substitutes stand for the parts of Docker: a service's name becomes a loopback address of its own, as do
0.0.0.0 and 127.0.0.1, which mean the service itself; a mounted path becomes a folder; HOSTNAME is the container's name.
The images' own work is redone where it isn't ours: PostgreSQL in tests/stack/postgres_service.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from cchc.settings import CHECKOUT
from tests.compose.compose_file import Stack, read_env

PATIENCE_SECONDS = 180
STOP_SECONDS = 20
ROOT = "/opt/cchc"
HOSTS = ("metadata", "warehouse", "redis", "api-server", "scheduler", "simulator", "mail")


@dataclass
class ProcessStack:
    """The services of ``stack`` below ``folder``.

    Addresses are 127.``subnet``.11 and up: stacks of other subnets run beside it.
    """

    stack: Stack
    folder: Path
    subnet: str = field(default_factory=lambda: f"{1 + os.getpid() // 250 % 250}.{1 + os.getpid() % 250}")
    running: dict[str, psutil.Popen] = field(default_factory=dict)

    def start(self, service: str, container: str | None = None, *more: str) -> None:
        """Start a service as the container ``container``, without waiting; ``more`` words end its command."""
        name = container or service
        command = [self.translate(service, word) for word in self.stack.services[service]["command"]]
        with self.log(name).open("ab") as log:
            self.running[name] = psutil.Popen(
                [*command, *more],
                cwd=self._choose_folder(service),
                env=self.environment(service, name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, service: str, *more: str) -> None:
        """Run a service to its end, which must be a success."""
        self.start(service, None, *more)
        code = self.running.pop(service).wait(1800)
        assert code == 0, self.show(service)

    def wait_until_healthy(self, service: str, container: str | None = None) -> None:
        """Run the health check of a service until it succeeds."""
        name = container or service
        kind, *test = self.stack.services[service]["healthcheck"]["test"]
        words = [self.translate(service, word) for word in test]
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        deadline = time.monotonic() + PATIENCE_SECONDS
        while subprocess.run(command, env=self.environment(service, name), capture_output=True, check=False).returncode:
            assert self.running[name].poll() is None, self.show(name)
            assert time.monotonic() < deadline, self.show(name)
            time.sleep(0.5)

    def kill(self, container: str) -> None:
        """kill -9 of a container: all that it runs ends at once."""
        process = self.running.pop(container)
        process.suspend()  # it begets no more
        kill(list_members(process))
        process.wait()

    def stop(self) -> None:
        """Ask every service to end, the last started first; kill the rest after a while."""
        members = [member for process in self.running.values() for member in list_members(process)]
        for process in reversed(self.running.values()):
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        kill(psutil.wait_procs([*self.running.values(), *members], STOP_SECONDS)[1])
        self.running.clear()

    def environment(self, service: str, container: str) -> dict[str, str]:
        """The variables of a container: its env file's and its own, and what its image sets."""
        variables: Mapping[str, str] = self.stack.services[service].get("environment", {})
        for file in self.stack.services[service].get("env_file", ()):
            variables = {**read_env((CHECKOUT / file).read_text(encoding="utf-8")), **variables}
        own = {name: self.translate(service, value) for name, value in variables.items()}
        home = self.folder / "airflow" / container
        home.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        image = {"PATH": path, "HOME": str(home), "HOSTNAME": container, "LANG": "C.UTF-8", "AIRFLOW_HOME": str(home)}
        image["PYTHONPATH"] = os.pathsep.join((str(CHECKOUT / "plugins"), str(CHECKOUT)))
        return {**image, **own}

    def translate(self, service: str, text: str) -> str:
        """A text of the compose file with addresses and folders of this machine."""
        for name in HOSTS:
            there = self.find_address(name)
            text = re.sub(rf"(?<=//){name}(?=:\d)|(?<=@){name}(?=:\d)", there, text)
            text = text.replace(f'"host": "{name}"', f'"host": "{there}"')
        if re.fullmatch(r"[a-z]+(,[a-z]+)+", text) and set(text.split(",")) <= set(HOSTS):
            text = ",".join(map(self.find_address, text.split(",")))
        if service in HOSTS:
            text = re.sub(r"\b0\.0\.0\.0\b|\b127\.0\.0\.1\b", self.find_address(service), text)
        text = re.sub(rf"{ROOT}(?=/|$)", str(CHECKOUT), text)
        for volume in self._list_mounts():
            text = re.sub(rf"{volume}(?=[/\"]|$)", str(self.place(volume)), text)
        return text

    def prepare_folders(self) -> None:
        """Make the folders that volumes stand for."""
        for volume in self._list_mounts():
            self.place(volume).mkdir(mode=0o755, exist_ok=True)

    def place(self, path: str) -> Path:
        """The folder that stands for a mounted path."""
        return self.folder / path.strip("/").replace("/", "-")

    def find_address(self, service: str) -> str:
        """The loopback address that stands for a service."""
        return f"127.{self.subnet}.{HOSTS.index(service) + 11}"

    def log(self, container: str) -> Path:
        """The log file of a container."""
        return self.folder / f"{container}.log"

    def show(self, container: str) -> str:
        """The end of a container's log."""
        return f"{container}:\n{self.log(container).read_text(errors='replace')[-3000:]}"

    def _choose_folder(self, service: str) -> Path:
        given = self.stack.services[service].get("working_dir")
        return Path(self.translate(service, given)) if given else CHECKOUT

    def _list_mounts(self) -> set[str]:
        ours = (service for service in self.stack.services.values() if "postgres" not in service["image"])
        return {volume.split(":")[1] for service in ours for volume in service.get("volumes", [])}


def list_members(process: psutil.Process) -> list[psutil.Process]:
    """A process and its descendants in any session; none of one that ended."""
    with suppress(psutil.NoSuchProcess):
        return [*process.children(recursive=True), process]
    return []


def list_titles(process: psutil.Process) -> list[str]:
    """The titles of a process and its descendants."""
    titles = []
    for member in list_members(process):
        with suppress(psutil.NoSuchProcess):
            titles.append(" ".join(member.cmdline()))
    return titles


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill the live ones."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def list_initial(service: dict[str, Any]) -> list[Path]:
    """The files that PostgreSQL's image runs when it makes its data."""
    mounts = (volume.split(":") for volume in service["volumes"])
    return [CHECKOUT / source for source, target, *_ in mounts if target.startswith("/docker-entrypoint-initdb.d/")]
