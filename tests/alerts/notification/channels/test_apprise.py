"""Any Apprise URL is a channel; the URL, a secret as a whole, is in no log and no error."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from cchc.alerts.notification.channels.apprise_url import AppriseChannel
from cchc.alerts.notification.channels.channel import Access, ChannelDownError, TemporaryDeliveryError
from tests.alerts.messages import MESSAGE_ID, make_recipient_of_agency, write_message
from tests.sources.raw_server import serve_raw
from tests.sources.scripted_server import Answer, Script

# Apprise imports all its services at once, and one of them a module that leaves Python with 3.13.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

RECIPIENT = make_recipient_of_agency(channel="apprise")
TOKEN, PASSWORD = "token-in-the-path", "password-in-the-url"


def reach(receiver: Script) -> AppriseChannel:
    address = receiver.base_url.removeprefix("http://")
    return AppriseChannel(Access("", password=f"json://cchc:{PASSWORD}@{address}/{TOKEN}"))


def test_message_arrives_with_its_id(receiver: Script) -> None:
    message = write_message()
    reach(receiver).send(RECIPIENT, message)
    ((path, document),) = receiver.requests
    assert path == f"/{TOKEN}"
    assert document["title"] == message.subject
    assert document["message"] == f"{message.body_text}\n\n{MESSAGE_ID}"


@pytest.mark.parametrize("answer", [Answer(500), Answer(404), Answer(fate="dropped")])
def test_message_that_is_not_taken_may_be_later(receiver: Script, answer: Answer) -> None:
    receiver.answers = [answer]
    with pytest.raises(TemporaryDeliveryError, match="could not deliver"):
        reach(receiver).send(RECIPIENT, write_message())


def test_redirect_is_not_followed(receiver: Script) -> None:
    receiver.answers = [Answer.with_headers(307, Location=f"{receiver.base_url}/elsewhere"), Answer(200)]
    with pytest.raises(TemporaryDeliveryError):
        reach(receiver).send(RECIPIENT, write_message())
    assert len(receiver.requests) == 1


def test_only_the_connection_sets_the_route_to_the_server(
    receiver: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login other password other\n")
    environment = {"NETRC": str(tmp_path / ".netrc"), "HTTP_PROXY": "http://127.0.0.1:1", "CURL_CA_BUNDLE": "/nowhere"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    address = receiver.base_url.removeprefix("http://")
    AppriseChannel(Access("", password=f"json://{address}/{TOKEN}")).send(RECIPIENT, write_message())
    assert len(receiver.requests) == 1
    assert "Authorization" not in receiver.headers[0]
    assert dict(os.environ) == before


def test_server_is_asked_through_the_proxy_of_the_connection() -> None:
    with serve_raw(lambda client, _: client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as proxy:
        access = Access("", password="json://chat.invalid/x", extra={"proxy": f"http://127.0.0.1:{proxy.port}"})
        AppriseChannel(access).send(RECIPIENT, write_message())
    assert proxy.heads[0].startswith("POST http://chat.invalid/x ")


@pytest.mark.parametrize(
    "url", ["", "no-such-service://password-in-the-url@host", "json://a.invalid/token-in-the-path, json://b.invalid"]
)
def test_password_that_is_not_one_url_sends_nothing(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ChannelDownError, match="not one URL") as caught:
        AppriseChannel(Access("", password=url)).send(RECIPIENT, write_message())
    for secret in (TOKEN, PASSWORD):
        assert secret not in str(caught.value) + caplog.text


@pytest.mark.parametrize("answer", [Answer(200), Answer(500), Answer(fate="dropped")])
def test_url_is_in_no_log_and_no_error(receiver: Script, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answers = [answer]
    text = ""
    try:
        reach(receiver).send(RECIPIENT, write_message())
    except TemporaryDeliveryError as error:
        text = str(error)
    for secret in (TOKEN, PASSWORD):
        assert secret not in text + caplog.text
