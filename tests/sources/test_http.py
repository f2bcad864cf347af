"""post_json: each class of failure is an error of its own, and no request follows a refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cchc.sources.errors import SourceError, SourceRefusedError, SourceUnavailableError
from cchc.sources.http import RejectedResponseError, Response, check_host, choose_time, post_json
from cchc.sources.profile import PortalProfile
from cchc.sources.profile_parts import RequestPolicy
from tests.sources.scripted_server import Answer, Script

PAYLOAD = {"timeType": "year", "year": 2024, "tên": "Tiền Giang"}
FIREWALL_PAGE = b"<html><head><title>Request Rejected</title></head><body>Your support ID is: 46</body></html>"
PLAIN_PAGE = "<!DOCTYPE html><html><body>Bảo trì</body></html>".encode()


@pytest.fixture
def policy(profile: PortalProfile) -> RequestPolicy:
    """The real one, for small bodies."""
    return profile.requests.override({"max_body_bytes": 200})


class Asking:
    """Asks the script, noting the waits in place of waiting."""

    def __init__(self, script: Script, policy: RequestPolicy) -> None:
        self.script, self.policy = script, policy
        self.waits: list[float] = []

    def __call__(self, *answers: Answer) -> Response:
        self.script.answers = list(answers)
        return post_json(f"{self.script.base_url}/asked", PAYLOAD, self.policy, self.waits.append)

    def fail(self, *answers: Answer) -> SourceError:
        """The error that the answers end in, whether or not it carries bytes."""
        try:
            self(*answers)
        except RejectedResponseError as rejected:
            return rejected.cause
        except SourceError as error:
            return error
        raise AssertionError("taken for an answer")

    @property
    def count(self) -> int:
        return len(self.script.requests)


@pytest.fixture
def ask(script: Script, policy: RequestPolicy) -> Asking:
    return Asking(script, policy)


@pytest.mark.parametrize("status", [200, 201])
def test_answer_is_kept_to_the_byte_with_its_question_and_the_servers_time(ask: Asking, status: int) -> None:
    body = '{"code":"OK","data":"Sở Y tế"}\r\n\x00'.encode() + b"\xff"
    response = ask(Answer.with_headers(status, body))
    assert (response.body, response.status, response.content_type) == (body, status, "application/json")
    assert response.captured_at == datetime(2024, 6, 29, 21, 30, tzinfo=UTC)
    assert ask.script.requests == [("/asked", PAYLOAD)]
    assert response.request == PAYLOAD


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401),
        Answer(403, PLAIN_PAGE),
        Answer.with_headers(200, FIREWALL_PAGE, Content_Type="text/html"),
        Answer(201, FIREWALL_PAGE),  # under the header of JSON
        Answer.with_headers(429, FIREWALL_PAGE, Content_Type="text/html"),
        Answer.with_headers(503, FIREWALL_PAGE, Content_Type="text/html"),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:20].decode()}",
)
def test_refusal_ends_the_requests_after_the_first_and_keeps_the_evidence(ask: Asking, answer: Answer) -> None:
    with pytest.raises(RejectedResponseError) as caught:
        ask(answer)
    assert type(caught.value.cause) is SourceRefusedError
    assert caught.value.response.body == answer.body
    assert ask.count == 1
    assert ask.waits == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer.with_headers(200, PLAIN_PAGE, Content_Type="text/html; charset=utf-8"),
        Answer(201, PLAIN_PAGE),
        Answer.with_headers(302, Location="/elsewhere"),
        Answer.with_headers(308, Location="https://elsewhere.example/"),
        Answer(400),
        Answer(404),
        Answer.with_headers(204, b""),
        Answer(201, b"x" * 201),
        Answer.with_headers(201, b"this is not gzip", Content_Encoding="gzip"),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:20].decode()}",
)
def test_other_answer_fails_its_window_alone_and_the_error_names_the_request(ask: Asking, answer: Answer) -> None:
    error = ask.fail(answer)
    assert type(error) is SourceError
    assert f"{ask.script.base_url}/asked" in str(error)
    assert ask.script.requests == [("/asked", PAYLOAD)]


def test_body_of_the_maximum_size_is_accepted(ask: Asking) -> None:
    assert len(ask(Answer(201, b"x" * 200)).body) == 200


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7), ("0", 0), ("120", 120), ("Sat, 29 Jun 2024 21:30:30 GMT", 30), ("Sat, 29 Jun 2024 21:29:00 GMT", 0)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_in_seconds_and_as_a_date(
    ask: Asking, status: int, retry_after: str, seconds: float
) -> None:
    assert ask(Answer.with_headers(status, Retry_After=retry_after), Answer()).status == 201
    (wait,) = ask.waits
    assert max(seconds, 2) <= wait <= max(seconds, 2.5)  # asked for a shorter wait than the backoff: the backoff


def test_retry_never_waits_less_than_the_pause_between_two_requests(ask: Asking) -> None:
    ask.policy = ask.policy.override({"pause_seconds": 60})
    assert ask(Answer(503), Answer.with_headers(429, Retry_After="0"), Answer()).status == 201
    assert all(60 <= wait <= 90 for wait in ask.waits)


@pytest.mark.parametrize("retry_after", ["121", "9" * 400, "Sat, 29 Jun 2024 22:30:00 GMT"])
def test_retry_after_that_is_too_long_ends_the_requests(ask: Asking, retry_after: str) -> None:
    error = ask.fail(Answer.with_headers(429, Retry_After=retry_after))
    assert type(error) is SourceUnavailableError
    assert (ask.count, ask.waits) == (1, [])


@pytest.mark.parametrize("retry_after", ["", "soon", "-1", "1.5", "²"])
def test_without_a_retry_after_that_can_be_read_waits_double_with_jitter(ask: Asking, retry_after: str) -> None:
    ask.fail(Answer.with_headers(429, Retry_After=retry_after))
    for number, wait in enumerate(ask.waits):
        assert 2 * 2**number <= wait <= 2.5 * 2**number


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(429),
        Answer(500),
        Answer(503, PLAIN_PAGE),
        Answer(fate="cut"),
        Answer(fate="dropped"),
        Answer(fate="withheld"),
    ],
    ids=lambda answer: f"{answer.status} {answer.fate}",
)
def test_trouble_is_worth_four_tries_and_no_more(ask: Asking, trouble: Answer) -> None:
    if trouble.fate == "withheld":
        ask.policy = ask.policy.model_copy(update={"read_timeout_seconds": 0.3})
    assert ask(trouble, trouble, trouble, Answer()).status == 201
    assert (ask.count, len(ask.waits)) == (4, 3)
    error = ask.fail(trouble)
    assert type(error) is SourceUnavailableError
    assert f"{ask.script.base_url}/asked" in str(error)
    assert (ask.count, len(ask.waits)) == (8, 6)


def test_last_answer_of_a_source_in_trouble_is_kept_as_evidence(ask: Asking) -> None:
    with pytest.raises(RejectedResponseError) as caught:
        ask(Answer(500, b"first"), Answer(500, b"last"))
    assert caught.value.response.body == b"last"


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 99999999999 00:00:00 GMT"]
)
def test_without_a_date_of_the_server_our_clock_counts(ask: Asking, date: str) -> None:
    before = datetime.now(UTC)
    captured_at = ask(Answer.with_headers(201, Date=date)).captured_at
    assert before <= captured_at <= datetime.now(UTC)
    assert captured_at.utcoffset() == timedelta(0)


PORTAL, HERE = "https://portal.example/asked", "http://127.0.0.1:8080/asked"
NOW = datetime(2024, 6, 29, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize("url", [PORTAL, HERE])
@pytest.mark.parametrize("hours", [-24, -1, 0, 24])
def test_servers_clock_counts_while_it_is_at_most_a_day_off(url: str, hours: int) -> None:
    answered_at = NOW + timedelta(hours=hours)
    assert choose_time(format_datetime(answered_at), NOW, url) == answered_at


@pytest.mark.parametrize(("url", "days"), [(PORTAL, 2), (PORTAL, 6_500), (PORTAL, -2), (PORTAL, -20_000), (HERE, 2)])
def test_servers_clock_that_is_days_off_is_ignored_with_a_warning(
    caplog: pytest.LogCaptureFixture, url: str, days: int
) -> None:
    assert choose_time(format_datetime(NOW + timedelta(days=days)), NOW, url) == NOW
    assert f"{url}: the server's clock shows" in caplog.text


def test_server_on_this_machine_may_have_an_earlier_clock() -> None:
    answered_at = NOW - timedelta(days=400)
    assert choose_time(format_datetime(answered_at), NOW, HERE) == answered_at


def test_answer_of_a_server_whose_clock_is_years_ahead_is_dated_by_ours(ask: Asking) -> None:
    before = datetime.now(UTC)
    captured_at = ask(Answer.with_headers(201, Date="Wed, 31 Dec 2042 17:00:00 GMT")).captured_at
    assert before <= captured_at <= datetime.now(UTC)


@pytest.mark.parametrize(
    "host", ["https://portal.example/", "http://127.0.0.1:8080", "http://localhost/", "http://[::1]:80/base/"]
)
def test_https_anywhere_and_http_on_this_machine_are_asked(host: str) -> None:
    assert check_host(host) == host.rstrip("/")


@pytest.mark.parametrize(
    "host",
    ["http://portal.example", "http://127.0.0.1.example", "http://10.0.0.1", "ftp://127.0.0.1", "portal.example", ""],
)
def test_plain_http_beyond_this_machine_and_other_texts_are_no_host(host: str) -> None:
    with pytest.raises(SourceError):
        check_host(host)


def test_connection_that_nobody_accepts_is_tried_four_times(policy: RequestPolicy) -> None:
    waits: list[Any] = []
    with pytest.raises(SourceUnavailableError):
        post_json("http://127.0.0.1:1/", PAYLOAD, policy, waits.append)  # no one listens on port 1
    assert len(waits) == 3
