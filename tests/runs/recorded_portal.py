"""A server of recorded responses that answers as the portal did: status 201, ``Date`` as captured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

ROOT_DEPARTMENT_ID = "019d2be3-6a88-732b-8b17-b68020c8553a"


@contextmanager
def serve_recorded(folder: Path, *, make_complete: bool) -> Iterator[str]:
    """The base URL of a server of the excerpts; ``make_complete`` sets pagination.total to the entries present."""
    captures = {
        (item["excerpt"]["file"].split("/")[0], "month" if "month" in item["file"] else "year"): item
        for item in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["captures"]
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint = self.path.rpartition("/")[2]
            capture = captures[endpoint, read_period(asked)]
            file = folder / endpoint / f"{read_period(asked)}.json"
            if make_complete and file == folder / "dvc-progress-tree" / "year.json":
                file = file.with_name("year-complete.json")
            body = complete(file.read_bytes()) if make_complete else file.read_bytes()
            self.send_response_only(201)
            self.send_header("Date", format_datetime(datetime.fromisoformat(capture["capturedAt"]), usegmt=True))
            self.send_header("Content-Type", capture["contentType"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def read_period(asked: dict[str, Any]) -> str:
    """``year`` or ``month``, as asked for in either way."""
    if "fromDate" in asked:
        return "year" if asked["toDate"].endswith("12-31") and asked["fromDate"].endswith("01-01") else "month"
    return str(asked["timeType"])


def complete(body: bytes) -> bytes:
    """The body with ``pagination.total`` set to the entries present, nothing else changed."""
    document = json.loads(body)
    if "pagination" not in document["data"]:
        return body
    document["data"]["pagination"]["total"] = len(document["data"]["evaluation"])
    return json.dumps(document, ensure_ascii=False).encode()
