"""Choice of loopback ports: the usual one if it is free."""

from __future__ import annotations

import logging
import socket

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
NEIGHBOURS = 20  # so that a second installation gets the same port each time


def choose_port(usual: int, who: str) -> int:
    """The usual port of ``who``, else the first free one after it, else any; logs another one than the usual."""
    port = next((port for port in range(usual, usual + NEIGHBOURS) if is_free(port)), None) or _find_any()
    if port != usual:
        logger.warning("port %d is taken: %s listens on %d", usual, who, port)
    return port


def is_free(port: int) -> bool:
    """Whether a server can listen on this port of the loopback address now."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _find_any() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
