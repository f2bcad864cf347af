"""Clock, faults and request log of the simulator, shared by its server and the thread that controls it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from threading import Lock
from typing import Any

from simulator.failures import KINDS
from simulator.faults import Fault
from simulator.periods import LOCAL, described_day


@dataclass(slots=True)
class LoggedRequest:
    """A request to a source.

    ``at`` is simulated time; ``received_s`` and ``answered_s`` are seconds of a monotonic clock, for the pauses between
    requests. ``answered_s`` and ``status`` are None until it is answered. ``in_flight`` counts the other
    unanswered requests to the same source at its arrival.
    """

    at: str
    source: str
    endpoint: str
    body: str
    fault: str | None
    in_flight: int
    received_s: float
    answered_s: float | None = None
    status: int | None = None


class Controls:
    """The clock, which stands still between settings; the faults, one for each endpoint; the request log."""

    def __init__(self, now: datetime, on_clock: Callable[[date], object] = lambda day: None) -> None:
        """``on_clock`` is called at each setting of the clock, with the day whose end the values describe."""
        self._on_clock = on_clock
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
        self._on_clock(described_day(self._now))

    def set_fault(self, fault: Fault) -> None:
        """Switch ``fault`` on in place of its endpoint's earlier one; ValueError for an unknown kind or endpoint."""
        if fault.endpoint not in ("*", *KINDS):
            raise ValueError(f"no endpoint {fault.endpoint}; known: *, {', '.join(KINDS)}")
        kinds = frozenset().union(*KINDS.values()) if fault.endpoint == "*" else KINDS[fault.endpoint]
        if fault.kind not in kinds:
            raise ValueError(f"no fault {fault.kind} of {fault.endpoint}; known: {', '.join(sorted(kinds))}")
        with self._lock:
            self._faults[fault.endpoint] = fault
            self._left[fault.endpoint] = fault.times

    def clear_faults(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults.clear()
            self._left.clear()

    def take_fault(self, endpoint: str) -> Fault | None:
        """The fault for a request to ``endpoint``, its own before the one of ``*``; counts its times.

        A fault of ``*`` hits the endpoints that can have it.
        """
        with self._lock:
            key = endpoint if endpoint in self._faults else "*"
            fault = self._faults.get(key)
            if fault and fault.kind not in KINDS.get(endpoint, ()):
                return None
            left = self._left.get(key)
            if left is not None:
                self._left[key] = left - 1
                if left == 1:
                    del self._faults[key], self._left[key]
            return fault

    def log_request(self, source: str, endpoint: str, body: bytes, fault: Fault | None) -> LoggedRequest:
        """Log a request at its arrival. Returns the log entry, which ``log_answer`` completes."""
        with self._lock:
            entry = LoggedRequest(
                at=self._now.isoformat(),
                source=source,
                endpoint=endpoint,
                body=body.decode(errors="replace"),
                fault=fault.kind if fault else None,
                in_flight=sum(e.source == source and e.answered_s is None for e in self._log),
                received_s=time.monotonic(),
            )
            self._log.append(entry)
            return entry

    def log_answer(self, entry: LoggedRequest, status: int) -> None:
        """Complete ``entry`` with the HTTP ``status`` of its answer."""
        with self._lock:
            entry.answered_s = time.monotonic()
            entry.status = status

    def list_requests(self, source: str | None = None) -> list[dict[str, Any]]:
        """The requests so far, to ``source`` or to all, oldest first, as JSON-ready fields of LoggedRequest."""
        with self._lock:
            return [asdict(entry) for entry in self._log if source in (None, entry.source)]
