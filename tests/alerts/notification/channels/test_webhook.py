"""A webhook is a signed JSON document with an idempotency key; what it answers decides whether it is sent again."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
from pathlib import Path
from threading import Event

import pytest

from cchc.alerts.notification.channels.channel import (
    Access,
    ChannelDownError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from cchc.alerts.notification.channels.webhook import WebhookChannel
from tests.alerts.messages import COMPOSED_AT, MESSAGE_ID, make_recipient_of_agency, write_message
from tests.sources.raw_server import serve_raw
from tests.sources.scripted_server import Answer, Script

SECRET, TOKEN = "khóa-ký", "/hooks/token-in-the-path/"
RECIPIENT = make_recipient_of_agency(channel="webhook")


def reach(receiver: Script) -> WebhookChannel:
    return WebhookChannel(Access(receiver.base_url + TOKEN, password=SECRET), read_timeout_seconds=0.2)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_receiver_gets_the_message_at_the_very_address(receiver: Script, status: int) -> None:
    receiver.answers = [Answer(status, b"")]
    message = write_message()
    reach(receiver).send(RECIPIENT, message)
    assert receiver.requests == [
        (
            TOKEN,
            {
                "message_id": str(MESSAGE_ID),
                "recipient": "so-y-te",
                "is_urgent": False,
                "composed_at": COMPOSED_AT.isoformat(),
                "subject": message.subject,
                "text": message.body_text,
                "html": message.body_html,
            },
        )
    ]


def test_body_is_signed_with_the_password(receiver: Script) -> None:
    reach(receiver).send(RECIPIENT, write_message())
    body = json.dumps(receiver.requests[0][1], ensure_ascii=False).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert receiver.headers[0]["X-Cchc-Signature"] == f"sha256={signature}"
    assert receiver.headers[0]["Content-Length"] == str(len(body))


def test_repeat_has_the_same_idempotency_key(receiver: Script) -> None:
    for _ in range(2):
        reach(receiver).send(RECIPIENT, write_message())
    assert [headers["Idempotency-Key"] for headers in receiver.headers] == [str(MESSAGE_ID)] * 2


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_answer_about_the_message_is_permanent(receiver: Script, status: int) -> None:
    receiver.answers = [Answer(status)]
    with pytest.raises(PermanentDeliveryError, match=f"HTTP {status}"):
        reach(receiver).send(RECIPIENT, write_message())


@pytest.mark.parametrize("status", [401, 404, 408, 429, 500, 503])
def test_answer_about_the_receiver_may_be_mended(receiver: Script, status: int) -> None:
    receiver.answers = [Answer(status)]
    with pytest.raises(TemporaryDeliveryError, match=f"HTTP {status}"):
        reach(receiver).send(RECIPIENT, write_message())


def test_redirect_is_not_followed(receiver: Script) -> None:
    receiver.answers = [Answer.with_headers(307, Location=f"{receiver.base_url}/elsewhere"), Answer(200)]
    with pytest.raises(TemporaryDeliveryError, match="HTTP 307"):
        reach(receiver).send(RECIPIENT, write_message())
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("fate", ["dropped", "withheld"])
def test_receiver_without_an_answer_is_down(receiver: Script, fate: str) -> None:
    receiver.answers = [Answer(fate=fate)]
    with pytest.raises(ChannelDownError, match="no answer"):
        reach(receiver).send(RECIPIENT, write_message())


@pytest.mark.parametrize("port_fixture", ["closed_port", "silent_port"])
def test_failure_raises_an_error_without_address_and_secret(
    port_fixture: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    host = f"http://127.0.0.1:{request.getfixturevalue(port_fixture)}{TOKEN}"
    channel = WebhookChannel(Access(host, password=SECRET), read_timeout_seconds=0.1)
    with pytest.raises(ChannelDownError) as caught:
        channel.send(RECIPIENT, write_message())
    assert caught.value.__suppress_context__
    for secret in (TOKEN, SECRET):
        assert secret not in str(caught.value) + caplog.text


def test_delivery_logs_neither_the_address_nor_the_secret(receiver: Script, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reach(receiver).send(RECIPIENT, write_message())
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "host", ["http://hooks.example.invalid/token-in-the-path", "token-in-the-path", "https://[::1"]
)
def test_address_that_is_not_https_is_not_asked(host: str) -> None:
    with pytest.raises(ChannelDownError, match="no https address") as caught:
        WebhookChannel(Access(host, password=SECRET)).send(RECIPIENT, write_message())
    assert host not in str(caught.value)


def test_connection_without_a_secret_sends_nothing(receiver: Script) -> None:
    with pytest.raises(ChannelDownError, match="no password to sign with"):
        WebhookChannel(Access(receiver.base_url)).send(RECIPIENT, write_message())
    assert receiver.requests == []


def test_only_the_connection_sets_the_route_to_the_receiver(
    receiver: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    reach(receiver).send(RECIPIENT, write_message())
    assert "Authorization" not in receiver.headers[0]


def test_receiver_is_asked_through_the_proxy_of_the_connection() -> None:
    with serve_raw(lambda client, _: client.sendall(b"HTTP/1.1 407 No\r\n\r\n")) as proxy:
        extra = {"proxy": f"http://127.0.0.1:{proxy.port}"}
        with pytest.raises(ChannelDownError, match="no answer"):
            WebhookChannel(Access("https://hooks.invalid/x", password=SECRET, extra=extra)).send(
                RECIPIENT, write_message()
            )
    assert proxy.heads[0].startswith("CONNECT hooks.invalid:443 ")


def test_invalid_proxy_raises_an_error_without_its_address(receiver: Script) -> None:
    access = Access(receiver.base_url, password=SECRET, extra={"proxy": "u:hidden@proxy"})
    with pytest.raises(ChannelDownError, match="extra, proxy: it is no address of a proxy") as caught:
        WebhookChannel(access).send(RECIPIENT, write_message())
    assert "hidden" not in str(caught.value)


def test_receiver_that_drips_is_given_up_in_time() -> None:
    def drip(client: socket.socket, is_over: Event) -> None:
        while not is_over.wait(0.02):
            client.sendall(b"H")

    with serve_raw(drip) as server, pytest.raises(ChannelDownError, match="no answer"):
        WebhookChannel(Access(server.url, password=SECRET), answer_timeout_seconds=0.3).send(RECIPIENT, write_message())
