"""``python -m simulator``: the simulated sources in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from simulator.certificates import make_certificates
from simulator.server import (
    DEFAULT_DOSSIERS_PER_YEAR,
    DEFAULT_NOW,
    Scale,
    bind_socket,
    build_server,
    build_simulator,
    list_connections,
)
from simulator.values import DEFAULT_SEED


def parse_moment(text: str) -> datetime:
    """An ISO time with its zone."""
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone: 2025-01-01T04:30:00+07:00")
    return moment


def parse_size(text: str) -> int:
    """Dossiers a year, at least 1000, else most agencies have none. The levels of values.RATES need 60,000."""
    size = int(text)
    if size < 1000:
        raise argparse.ArgumentTypeError("a province has at least 1000 dossiers a year")
    return size


def parse_names(text: str) -> tuple[str, ...]:
    """Host names or addresses between commas; the first is the simulator's."""
    return tuple(text.split(","))


def main() -> None:
    """Serve until interrupted; print the address once the server listens."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one, which is printed")
    parser.add_argument("--port-file", type=Path, help="write the port to this file when ready, and print nothing")
    parser.add_argument("--tls", type=Path, help="a folder; certificates are made in it, and the server uses https")
    parser.add_argument(
        "--names", type=parse_names, default=("localhost",), help="the names of servers in the certificate"
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--dossiers-per-year", type=parse_size, default=DEFAULT_DOSSIERS_PER_YEAR)
    parser.add_argument("--inbox", type=Path, help="a folder; files arrive in it as the simulated time moves")
    parser.add_argument("--now", type=parse_moment, default=DEFAULT_NOW, help="the simulated time; it stands still")
    options = parser.parse_args()

    secured = make_certificates(options.tls, options.names) if options.tls else None
    listener, base_url = bind_socket(options.host, options.port, secured)
    scale = Scale(options.seed, options.dossiers_per_year, inbox=options.inbox)
    app, simulator = build_simulator(base_url, scale, options.now)

    def announce_ready() -> None:
        if options.port_file:
            draft = options.port_file.with_suffix(".draft")
            draft.write_text(f"{base_url.rpartition(':')[2]}\n", encoding="ascii")
            draft.replace(options.port_file)  # a reader that waits for the file never sees half of it
        else:
            sys.stdout.write(f"simulator listening on {base_url}\n")
            for name, connection in list_connections(base_url, simulator.access, options.inbox).items():
                sys.stdout.write(f"AIRFLOW_CONN_{name.upper()}='{json.dumps(connection)}'\n")
            sys.stdout.flush()

    with suppress(KeyboardInterrupt):  # uvicorn stops in order, then raises the signal again
        build_server(app, announce_ready, secured).run(sockets=[listener])


if __name__ == "__main__":
    main()
