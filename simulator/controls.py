"""The switches of the simulator, shared by its HTTP side and the thread that drives it: clock, faults, request log."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from simulator.failures import KINDS
from simulator.faults import Fault
from simulator.periods import ENDPOINTS, LOCAL


@dataclass(slots=True)
class LoggedRequest:
    """A request to the portal.

    ``at`` is simulated time; ``received_s`` and ``answered_s`` are seconds of a monotonic clock, for the pauses between
    requests. ``answered_s`` and ``status`` are None until it is answered; ``in_flight`` counts the others that were
    unanswered when it came.
    """

    at: str
    endpoint: str
    body: str
    fault: str | None
    in_flight: int
    received_s: float
    answered_s: float | None = None
    status: int | None = None


class Controls:
    """Clock (it stands still until it is set), faults (one for each endpoint) and log."""

    def __init__(self, now: datetime) -> None:
        self._lock = Lock()
        self._faults: dict[str, Fault] = {}
        self._left: dict[str, int | None] = {}
        self._log: list[LoggedRequest] = []
        self.set_clock(now)

    @property
    def now(self) -> datetime:
        """The simulated time, in the province's time zone."""
        return self._now

    def set_clock(self, now: datetime) -> None:
        """Set the time; ValueError without a time zone."""
        if now.utcoffset() is None:
            raise ValueError(f"the clock needs a time zone: {now.isoformat()}")
        self._now = now.astimezone(LOCAL)

    def set_fault(self, fault: Fault) -> None:
        """Switch ``fault`` on in place of its endpoint's earlier one; ValueError for an unknown kind or endpoint."""
        if fault.kind not in KINDS:
            raise ValueError(f"no fault {fault.kind}; known: {', '.join(sorted(KINDS))}")
        if fault.endpoint not in ("*", *ENDPOINTS):
            raise ValueError(f"no endpoint {fault.endpoint}; known: *, {', '.join(ENDPOINTS)}")
        with self._lock:
            self._faults[fault.endpoint] = fault
            self._left[fault.endpoint] = fault.times

    def clear_faults(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults.clear()
            self._left.clear()

    def take_fault(self, endpoint: str) -> Fault | None:
        """The fault for the request that just came to ``endpoint``, its own before that of all; counts its times."""
        with self._lock:
            key = endpoint if endpoint in self._faults else "*"
            fault = self._faults.get(key)
            left = self._left.get(key)
            if left is not None:
                self._left[key] = left - 1
                if left == 1:
                    del self._faults[key], self._left[key]
            return fault

    def log_request(self, endpoint: str, body: bytes, fault: Fault | None) -> LoggedRequest:
        """Note a request as it comes; the entry is given back to be completed by ``log_answer``."""
        with self._lock:
            entry = LoggedRequest(
                at=self._now.isoformat(),
                endpoint=endpoint,
                body=body.decode(errors="replace"),
                fault=fault.kind if fault else None,
                in_flight=sum(earlier.answered_s is None for earlier in self._log),
                received_s=time.monotonic(),
            )
            self._log.append(entry)
            return entry

    def log_answer(self, entry: LoggedRequest, status: int) -> None:
        """Note that ``entry`` was answered with the HTTP ``status``."""
        with self._lock:
            entry.answered_s = time.monotonic()
            entry.status = status

    def list_requests(self) -> list[dict[str, Any]]:
        """The requests so far, oldest first, as JSON-ready fields of LoggedRequest."""
        with self._lock:
            return [asdict(entry) for entry in self._log]
