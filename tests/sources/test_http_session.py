"""open_session and Deadline: only settings of the connection count, and no answer lasts longer than it may."""

from __future__ import annotations

import base64
import gzip
import os
import socket
import ssl
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from cchc.sources.errors import SourceError, SourceUnavailableError
from cchc.sources.http import RejectedResponseError, post_json, request_token
from cchc.sources.http_session import DIRECT, Deadline, Route, is_loopback
from cchc.sources.profile_parts import RequestPolicy
from simulator.certificates import make_certificates
from tests.sources.raw_server import serve_raw
from tests.sources.scripted_server import Answer, Script

POLICY = RequestPolicy(
    pause_seconds=0,
    connect_timeout_seconds=5,
    read_timeout_seconds=5,
    answer_timeout_seconds=5,
    tries=1,
    first_wait_seconds=0,
    max_wait_seconds=120,
    max_body_bytes=1 << 20,
)
HASTY = POLICY.override({"answer_timeout_seconds": 0.3})
OK = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
SECRET = "secret-of-the-proxy"


def fail(url: str, policy: RequestPolicy = POLICY, route: Route = DIRECT) -> SourceError:
    """The error in which asking ends: whatever comes, it is one of ours."""
    try:
        post_json(url, {}, policy, route=route)
    except RejectedResponseError as rejected:
        return rejected.cause
    except SourceError as error:
        return error
    raise AssertionError("taken for an answer")


def test_token_of_the_connection_stays_whatever_netrc_holds(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\ndefault login x password y\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    script.answers = [Answer(200, b'{"access_token":"abc"}')]
    post_json(script.base_url, {}, POLICY, headers={"Authorization": "Bearer abc"})
    request_token(script.base_url, "client", "secret", POLICY)
    credentials = base64.b64encode(b"client:secret").decode()
    assert [headers["Authorization"] for headers in script.headers] == ["Bearer abc", f"Basic {credentials}"]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_proxy_of_the_environment_is_not_asked(script: Script, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for given in [one for one in os.environ if one.lower() == "no_proxy"]:
        monkeypatch.delenv(given)
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    script.answers = [Answer()]
    assert post_json(script.base_url, {}, POLICY).status == 201


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_of_the_environment_do_not_matter(
    tls: ssl.SSLContext, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with serve_raw(lambda client, _: client.sendall(OK), tls) as server:
        url = f"https://127.0.0.1:{server.port}/"
        monkeypatch.setenv(name, str(folder / "ca.pem"))
        assert "certificate verify failed" in str(fail(url))
        monkeypatch.setenv(name, "/nowhere")
        assert post_json(url, {}, POLICY, route=Route(str(folder / "ca.pem"))).status == 201


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of a portal beyond this machine, and of this machine."""
    folder = tmp_path_factory.mktemp("tls")
    make_certificates(folder, ("portal.invalid", "127.0.0.1"))
    return folder


@pytest.fixture(scope="module")
def tls(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def tunnel(client: socket.socket, port: int) -> None:
    """Answer a CONNECT as a proxy does, and pass the bytes on."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = Thread(target=pump, args=[server, client])
        back.start()
        pump(client, server)
        server.shutdown(socket.SHUT_RDWR)
        back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(1 << 16):
            sink.sendall(received)


def test_proxy_of_the_connection_is_asked_with_its_password(tls: ssl.SSLContext, folder: Path) -> None:
    with (
        serve_raw(lambda client, _: client.sendall(OK), tls) as portal,
        serve_raw(lambda client, _: tunnel(client, portal.port)) as proxy,
    ):
        route = Route(str(folder / "ca.pem"), f"http://cchc:{SECRET}@127.0.0.1:{proxy.port}")
        assert post_json("https://portal.invalid/asked", {}, POLICY, route=route).status == 201
    credentials = base64.b64encode(f"cchc:{SECRET}".encode()).decode()
    assert proxy.heads[0].startswith("CONNECT portal.invalid:443 ")
    assert f"Proxy-Authorization: Basic {credentials}" in proxy.heads[0]
    assert portal.heads[0].startswith("POST /asked ")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b""])
def test_proxy_that_lets_nobody_through_is_named_without_its_password(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "cchc")
    with serve_raw(lambda client, _: client.sendall(answer)) as proxy:
        route = Route(proxy=f"http://cchc:{SECRET}@127.0.0.1:{proxy.port}")
        error = fail("https://portal.invalid/asked", POLICY.override({"tries": 2}), route)
    assert type(error) is SourceUnavailableError
    assert "proxy" in str(error)
    assert SECRET not in f"{error} {caplog.text}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_source_on_this_machine_is_never_asked_through_a_proxy(script: Script, host: str) -> None:
    script.answers = [Answer()]
    url = script.base_url.replace("127.0.0.1", host)
    assert post_json(url, {}, POLICY, route=Route(proxy="http://127.0.0.1:1")).status == 201


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        (None, False),
    ],
)
def test_loopback_is_this_machine_only(host: str | None, is_here: bool) -> None:
    assert is_loopback(host) is is_here


DRIPS = {
    "body of a known length": b"HTTP/1.1 201 Created\r\nContent-Length: 5000\r\n\r\n",
    "body that ends with the connection": b"HTTP/1.1 201 Created\r\n\r\n",
    "chunk of a body": b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
    "header": b"HTTP/1.1 201 Created\r\nX-Slow: ",
    "status line": b"",
}


@pytest.mark.parametrize("start", DRIPS.values(), ids=DRIPS)
def test_answer_that_drips_is_given_up_in_time(start: bytes) -> None:
    def drip(client: socket.socket, is_over: Event) -> None:
        client.sendall(start)
        while not is_over.wait(0.02):
            client.sendall(b"0")

    with serve_raw(drip) as server:
        began = time.monotonic()
        error = fail(server.url, HASTY)
        assert time.monotonic() - began < 2
    assert type(error) is SourceUnavailableError
    assert "no whole answer within 0.3 s" in str(error)


ENDLESS = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers": (b"HTTP/1.1 201 Created\r\n", b"X: y\r\n"),
    "tiny chunks": (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n0\r\n"),
    "header line": (b"HTTP/1.1 201 Created\r\nX: ", b"y" * 4096),
    "body": (b"HTTP/1.1 201 Created\r\n\r\n", b"0" * 4096),
}


@pytest.mark.parametrize(("start", "again"), ENDLESS.values(), ids=ENDLESS)
def test_answer_without_an_end_is_given_up_in_time(start: bytes, again: bytes) -> None:
    def pour(client: socket.socket, is_over: Event) -> None:
        client.sendall(start)
        while not is_over.is_set():
            client.sendall(again)

    with serve_raw(pour) as server:
        began = time.monotonic()
        assert isinstance(fail(server.url, HASTY), SourceError)
        assert time.monotonic() - began < 3


HEAD = b"HTTP/1.1 201 Created\r\n"
BROKEN = {
    "length beyond every disk": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 2, 5\r\n\r\n{}",
    "chunk without a size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "negative chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "status of no class": b"HTTP/1.1 999999 No\r\n\r\n{}",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "nothing": b"",
    "redirect to nowhere": b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_broken_answer_is_an_error_of_ours_that_names_the_request(answer: bytes) -> None:
    with serve_raw(lambda client, _: client.sendall(answer)) as server:
        error = fail(server.url)
    assert server.url in str(error)


@pytest.mark.parametrize("layers", [1, 2])
def test_zip_bomb_is_given_up_at_the_maximum_size(layers: int) -> None:
    body = gzip.compress(bytes(64 << 20))
    if layers == 2:
        body = gzip.compress(body)
    encoding = b", ".join([b"gzip"] * layers)
    head = HEAD + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))
    with serve_raw(lambda client, _: client.sendall(head + body)) as server:
        tracemalloc.start()
        error = fail(server.url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert "the body is larger than 1048576 bytes" in str(error)
    assert peak < 16 << 20


def test_connection_made_after_the_deadline_is_cut_at_once() -> None:
    here, there = socket.socketpair()
    with here, there, Deadline(0) as deadline:
        while not deadline.is_over:
            time.sleep(0.001)
        deadline.register(here)
        assert here.recv(1) == b""


def test_deadline_leaves_no_file_open() -> None:
    with serve_raw(lambda client, _: client.sendall(OK)) as server:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(20):
            post_json(server.url, {}, POLICY)
        assert len(list(Path("/proc/self/fd").iterdir())) < before + 20
