"""Servers on which a test decides every byte of an answer and when it is sent."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

Talk = Callable[[socket.socket, Event], None]


@dataclass
class RawServer:
    """``heads``: what each client sent up to its first empty line."""

    port: int
    heads: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/asked"


@contextmanager
def serve_raw(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Serve each client by ``talk`` until the block ends; the event it is given is set then."""
    is_over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(listener.getsockname()[1])

        def serve_client(client: socket.socket) -> None:
            with suppress(OSError), tls.wrap_socket(client, server_side=True) if tls else client as secured:
                server.heads.append(_read_head(secured))
                talk(secured, is_over)

        def accept() -> None:
            with suppress(OSError):
                while not is_over.is_set():
                    clients.append(Thread(target=serve_client, args=[listener.accept()[0]]))
                    clients[-1].start()

        clients: list[Thread] = []
        acceptor = Thread(target=accept)
        acceptor.start()
        try:
            yield server
        finally:
            is_over.set()
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for client in clients:
                client.join()


def _read_head(client: socket.socket) -> str:
    """The head of a request. Its body is read too: closed over unread bytes, a connection loses what it was sent."""
    received = b""
    while b"\r\n\r\n" not in received and (piece := client.recv(1 << 16)):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0 and (piece := client.recv(missing)):
        missing -= len(piece)
    return head.decode("latin-1")
