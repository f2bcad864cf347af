"""Processes that outlive the command that starts them; each has its own session with all that it forks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM

from cchc.local import LocalError
from cchc.local.processes import send_signal

# A service notes its session and start (see find_members) before its program starts, so that no kill hides it.
NOTE_AND_RUN = 'echo $$ $(cut -d " " -f 22 /proc/$$/stat) >> "$0" && exec "$@"'
START_SECONDS = 120


class ServiceEndedError(LocalError):
    """A service ended before it was ready; the message has the last lines of its log."""


@dataclass
class Launch:
    """Services at their start: each notes its session in ``notes`` and logs to ``<service>.log`` in ``logs``.

    ``users``: a descriptor that every service inherits; ``environment``: the whole environment of the next service.
    """

    notes: Path
    logs: Path
    users: int
    environment: Mapping[str, str]
    started: dict[str, int] = field(default_factory=dict)

    def start(self, service: str, module: Sequence[str | Path]) -> None:
        """Start ``python -m <module>`` as ``service``, in its own session: it outlives this process."""
        os.set_inheritable(self.users, True)
        self.started[service] = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", NOTE_AND_RUN, str(self.notes), sys.executable, "-m", *map(str, module)],
            self.environment,
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self._log(service)), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )

    def wait(self, is_done: Callable[[], bool]) -> None:
        """Wait until ``is_done``. Raises ServiceEndedError where a service ends, LocalError after START_SECONDS."""
        deadline = time.monotonic() + START_SECONDS
        while not is_done():
            for service in list(self.started):
                self._check(service)
            if time.monotonic() > deadline:
                raise LocalError(f"Airflow was not healthy within {START_SECONDS} s: see {self.logs}")
            time.sleep(0.5)

    def abandon(self) -> None:
        """Ask every started service to end, also one that hasn't noted its session yet."""
        for pid in self.started.values():
            send_signal(pid, SIGTERM)

    def _check(self, service: str) -> None:
        ended, status = os.waitpid(self.started[service], os.WNOHANG)
        if ended:
            del self.started[service]
            last = "\n".join(self._log(service).read_text(errors="replace").splitlines()[-5:])
            raise ServiceEndedError(f"Airflow's {service} ended ({os.waitstatus_to_exitcode(status)}):\n{last}")

    def _log(self, service: str) -> Path:
        return self.logs / f"{service}.log"
