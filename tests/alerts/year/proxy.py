"""A wire to the database that can be cut, in the middle of a statement or before its answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread


class Wire:
    """Carries connections to ``upstream``. ``cut_after``: after so many pieces from the client; None: never."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._lock = Lock()
        self._left: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def cut_after(self, pieces: int | None) -> None:
        """Count from now on, over whatever connections there will be."""
        with self._lock:
            self._left = pieces

    @property
    def was_cut(self) -> bool:
        """Whether the count has run out."""
        return self._left == 0

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                for source, target, is_client in ((client, server, True), (server, client, False)):
                    Thread(target=self._carry, args=(source, target, is_client), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _carry(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
                if is_client and self._count_down():
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()

    def _count_down(self) -> bool:
        with self._lock:
            if self._left:
                self._left -= 1
            return self._left == 0


@contextmanager
def open_wire(host: str, port: int) -> Iterator[Wire]:
    """A wire to a server, until the block ends."""
    wire = Wire((host, port))
    thread = Thread(target=wire.serve, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        wire.close()
        thread.join()
