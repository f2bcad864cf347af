"""An e-office, a treasury and an inbox that hold exactly the records that a test writes down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from openpyxl import Workbook

from tests.oracle.source import Record


@dataclass(frozen=True)
class SmallSources:
    """The address of the e-office and the treasury, and their credentials."""

    base_url: str
    eoffice_token: str = "token"
    treasury_client: str = "client"
    treasury_secret: str = "secret"


def answer(path: str, request: Any, documents: list[Record], payments: list[Record]) -> Record:
    """The answer of each interface to ``request``, in one page."""
    if path == "/token":
        return {"access_token": "bearer", "token_type": "Bearer", "expires_in": 3600}
    if path == "/api/thong-ke/van-ban":
        rows = [row for row in documents if request["TuNgay"] <= row["Ngay"] <= request["DenNgay"]]
        return {"error_code": 0, "message": "", "TotalCount": len(rows), "data": rows}
    closing = (request["NienDo"], request["NgayKetSo"])
    rows = [row for row in payments if (row["NienDo"], row["NgayKetSo"]) == closing]
    return {"error_code": "0", "message": "", "TotalCount": len(rows), "data": rows}


@contextmanager
def serve(documents: list[Record], payments: list[Record]) -> Iterator[SmallSources]:
    """Serve the rows of the e-office and of the treasury until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = {} if self.path == "/token" else json.loads(body)
            content = json.dumps(answer(self.path, request, documents, payments)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield SmallSources(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def save_sheet(path: Path, sheet: str, rows: list[Record]) -> None:
    """Save a workbook with one sheet: ``rows`` under their headings."""
    workbook = Workbook()
    worksheet = workbook.active
    worksheet.title = sheet
    for cells in (rows[0], *(row.values() for row in rows)):
        worksheet.append(list(cells))
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(path)
