"""Ctrl-C, SIGTERM and SIGHUP end a run by hand: Airflow takes each for the failure of the task at hand, or for nothing.

While a task runs, Airflow puts a handler of its own in place for SIGTERM, which does nothing for our tasks. So that
signal's number is read where Python notes it before it calls any handler, and is sent on as another signal.
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
    """An ending signal raises KeyboardInterrupt where the program is. Only in the main thread.

    Gives a function that raises again once there was one, for whatever has swallowed the exception. The context ends
    with KeyboardInterrupt after Ctrl-C, else with SystemExit and the exit code of the signal; further signals don't
    disturb the tidying up. A signal that was ignored before, as by nohup, stays so.
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
    """The signal is sent on; only its default, which ends the process, must not happen."""


@contextmanager
def _sending_on(wanted: int | None, noted: list[int]) -> Iterator[None]:
    """When the signal ``wanted`` comes, whatever handles it then, note it and send ``SENT_ON`` to this thread."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    main = threading.get_ident()

    def watch() -> None:
        while numbers := reader.recv(64):
            if wanted is not None and wanted in numbers:
                noted.append(wanted)
                signal.pthread_kill(main, SENT_ON)

    watcher = threading.Thread(target=watch, name="signals", daemon=True)
    watcher.start()
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()
        watcher.join()
        reader.close()
