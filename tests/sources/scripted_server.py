"""A server that answers with exact bytes, one after another, as scripted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Literal

DATE = "Sat, 29 Jun 2024 21:30:00 GMT"  # 04:30 of 30 June, local


@dataclass(frozen=True)
class Answer:
    """``fate``: what becomes of it. Headers are sent as given, with a Content-Length of the whole body."""

    status: int = 201
    body: bytes = b'{"code":"OK"}'
    headers: dict[str, str] = field(default_factory=lambda: {"Date": DATE, "Content-Type": "application/json"})
    fate: Literal["sent", "cut", "dropped", "withheld"] = "sent"

    @classmethod
    def with_headers(cls, status: int, body: bytes = b"{}", **headers: str) -> Answer:
        """The usual headers and these, ``Retry_After`` for Retry-After; an empty one is left out."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        wanted = {"Date": DATE, "Content-Type": "application/json"} | named
        return cls(status, body, {name: value for name, value in wanted.items() if value})


@dataclass
class Script:
    """``answers`` in their order, the last one again and again.

    ``requests`` are the paths and bodies that came, JSON where they are; ``headers`` those that came with them.
    """

    base_url: str
    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def next_answer(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Note a request and choose its answer."""
        is_form = headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        self.requests.append((path, body.decode() if is_form else json.loads(body)))
        self.headers.append(headers)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serve_script() -> Iterator[Script]:
    """Serve until the block ends; withheld answers end with it."""
    script, is_over = Script(""), Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = script.next_answer(
                self.path, self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers)
            )
            if answer.fate == "withheld":
                is_over.wait()
            if answer.fate in ("withheld", "dropped"):
                return
            self.send_response_only(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.fate == "cut" else answer.body)

        def do_GET(self) -> None:  # where a client would follow a redirect to
            script.requests.append((self.path, None))
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()
