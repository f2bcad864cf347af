"""HTTP sessions that use only their connection's settings, and answers that must end in time.

Nothing of the environment counts here: no proxy, no ``.netrc``, no bundle of certificates. Waits and retries belong to
``http``.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Timer
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from cchc.settings import LOOPBACK
from cchc.sources.errors import SourceError


@dataclass(frozen=True)
class Route:
    """How a server is reached.

    ``ca_file``: certificates to trust in place of those that requests brings, such as those of an office's own
    authority. ``proxy``: its address, which may hold a password.
    """

    ca_file: str | None = None
    proxy: str | None = field(default=None, repr=False)


DIRECT = Route()


class Deadline:
    """Cuts its connections when its time is up, whatever they are doing.

    A time-out of requests starts again with each byte: a server that sends one a second would never meet it.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_over = False
        self._sockets: list[socket.socket] = []
        self._lock = Lock()
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for connected in self._sockets:
                connected.close()
            self._sockets.clear()

    def register(self, connected: socket.socket) -> None:
        """Cut this connection too. The deadline keeps a copy: TLS, and requests itself, detach the original."""
        with self._lock:
            self._sockets.append(socket.socket(fileno=os.dup(connected.fileno())))
        if self.is_over:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        with self._lock:
            for connected in self._sockets:
                try:
                    connected.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side has closed it meanwhile


class _DeadlineAdapter(HTTPAdapter):
    """Registers each new connection with a deadline, those to a proxy too."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        deadline, plain = self._deadline, pool.ConnectionCls

        class DeadlineConnection(plain):  # type: ignore[misc, valid-type]
            def _new_conn(self) -> socket.socket:
                connected: socket.socket = super()._new_conn()
                deadline.register(connected)
                return connected

        pool.ConnectionCls = DeadlineConnection
        return pool


def open_session(url: str, deadline: Deadline, route: Route) -> requests.Session:
    """A session for one request to ``url``; nothing on this machine is asked through a proxy."""
    session = requests.Session()
    session.trust_env = False
    session.verify = route.ca_file or True
    session.mount("http://", _DeadlineAdapter(deadline))
    session.mount("https://", _DeadlineAdapter(deadline))
    if route.proxy and not is_loopback(urlsplit(url).hostname):
        session.proxies = {"http": route.proxy, "https": route.proxy}
    return session


def read_route(extra: Mapping[str, Any]) -> Route:
    """The route that a connection's extra describes. Raises SourceError."""
    return Route(_check_ca_file(extra.get("ca_file")), _check_proxy(extra.get("proxy")))


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host in LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _check_proxy(proxy: object) -> str | None:
    """The proxy of a connection's extra, None without one. Raises SourceError, which repeats nothing of it."""
    if proxy is None:
        return None
    try:
        parts = urlsplit(proxy) if isinstance(proxy, str) else None
        is_usable = parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise SourceError("extra, proxy: it is no address of a proxy, write http://proxy.tinh.gov.vn:3128")
    return str(proxy)


def _check_ca_file(ca_file: object) -> str | None:
    """The path of certificates that can be read. Raises SourceError."""
    if ca_file is None:
        return None
    path = Path(str(ca_file))
    if not path.is_file():
        raise SourceError(f"extra, ca_file: there is no file {path} here")
    try:
        ssl.create_default_context(cafile=str(path))
    except (OSError, ValueError) as error:
        raise SourceError(f"extra, ca_file: {path} can't be read as certificates in PEM ({error})") from error
    return str(path)
