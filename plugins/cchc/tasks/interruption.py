"""Ends a run by hand at Ctrl-C, SIGTERM or SIGHUP. Airflow alone would fail one task at a signal, or ignore it.

While a task runs, Airflow has a handler of its own for SIGTERM that does nothing here. Python writes each signal's
number to a wake-up descriptor before any handler runs; this module reads it there and sends another signal.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SENT_ON = signal.SIGUSR1  # not SIGINT, which a command in the background of a shell ignores


@contextmanager
def noting_signals() -> Iterator[Callable[[], None]]:
    """Raise KeyboardInterrupt at the first ending signal while the block runs. Only in the main thread.

    The block gets a function that raises again after a signal, for code that has swallowed the exception. The context
    ends with KeyboardInterrupt after Ctrl-C, else with SystemExit and the exit code of the signal. Further signals
    don't disturb the cleaning up. A signal that was ignored before, as by nohup, stays ignored.
    """
    noted: list[int] = []
    is_over = threading.Event()

    def note(number: int, _frame: FrameType | None) -> None:
        noted.extend({number} - {SENT_ON})
        if not is_over.is_set():
            raise KeyboardInterrupt

    def leave_if_noted() -> None:
        if noted:
            raise KeyboardInterrupt if noted[0] == signal.SIGINT else SystemExit(128 + noted[0])

    before = {number: signal.getsignal(number) for number in (*ENDING, SENT_ON)}
    heeded = [number for number in before if before[number] is not signal.SIG_IGN]
    try:
        with _sending_on(signal.SIGTERM if signal.SIGTERM in heeded else None, noted):
            for number in {*heeded, SENT_ON} - {signal.SIGTERM}:
                signal.signal(number, note)
            if signal.SIGTERM in heeded:
                signal.signal(signal.SIGTERM, _pass_over)
            try:
                yield leave_if_noted
            finally:
                is_over.set()
    except KeyboardInterrupt:
        leave_if_noted()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if noted else handler)
    leave_if_noted()


def _pass_over(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: another signal replaces this one, whose default would end the process."""


@contextmanager
def _sending_on(wanted: int | None, noted: list[int]) -> Iterator[None]:
    """While the block runs, note the signal ``wanted`` under any handler and send ``SENT_ON`` to this thread."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    main = threading.get_ident()

    def forward() -> None:
        while numbers := reader.recv(64):
            if wanted is not None and wanted in numbers:
                noted.append(wanted)
                signal.pthread_kill(main, SENT_ON)

    forwarder = threading.Thread(target=forward, name="signals", daemon=True)
    forwarder.start()
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()
        forwarder.join()
        reader.close()
