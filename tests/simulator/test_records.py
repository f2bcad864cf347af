"""The e-office's and the treasury's interfaces over real HTTP: shape, access, paging, every failure class."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import requests

from simulator import eoffice_records, treasury_records
from simulator.app import DISBURSEMENT_PATH, DOCUMENTS_PATH, TOKEN_PATH
from simulator.failures import KINDS, ON_THE_WAY
from simulator.faults import HUGE
from simulator.periods import LOCAL, described_day
from simulator.server import Simulator

Ask = Callable[..., requests.Response]

SEED = 7  # of the server in conftest.py
JUNE = {"TuNgay": "2024-06-03", "DenNgay": "2024-06-05"}  # 3 days of 332 units: two pages
CONTENT = sorted(KINDS["giai-ngan"] - ON_THE_WAY - {"expired_token"})


def ask_token(portal: Simulator, **changes: Any) -> requests.Response:
    client = {"auth": (portal.treasury_client, portal.treasury_secret)}
    form = {"data": {"grant_type": "client_credentials"}}
    return requests.post(portal.base_url + TOKEN_PATH, timeout=10, **(client | form | changes))


@pytest.fixture
def ask_documents(portal: Simulator) -> Ask:
    def post(*, timeout: float = 10, headers: dict[str, str] | None = None, **changes: Any) -> requests.Response:
        known = {"lgspaccesstoken": portal.eoffice_token}
        body = {**JUNE, "PageNumber": 1, "PageSize": 500, **changes}
        url = portal.base_url + DOCUMENTS_PATH
        return requests.post(url, json=body, headers=known if headers is None else headers, timeout=timeout)

    return post


@pytest.fixture
def ask_disbursement(portal: Simulator) -> Ask:
    def post(*, timeout: float = 10, token: str | None = None, **changes: Any) -> requests.Response:
        bearer = token or ask_token(portal).json()["access_token"]
        body = {"NienDo": 2024, "NgayKetSo": "2024-06-28", **changes}
        url = portal.base_url + DISBURSEMENT_PATH
        return requests.post(url, json=body, headers={"Authorization": f"Bearer {bearer}"}, timeout=timeout)

    return post


@pytest.fixture(params=["van-ban", "giai-ngan"])
def interface(request: pytest.FixtureRequest, ask_documents: Ask, ask_disbursement: Ask) -> tuple[str, Ask]:
    """An endpoint and how to ask it."""
    return request.param, ask_documents if request.param == "van-ban" else ask_disbursement


def test_documents_come_in_pages_that_make_the_whole_window(ask_documents: Ask) -> None:
    pages = [ask_documents(PageNumber=number).json() for number in (1, 2, 3)]
    assert list(pages[0]) == ["error_code", "message", "TotalCount", "data"]
    assert [(page["error_code"], page["TotalCount"], len(page["data"])) for page in pages] == [
        (0, 996, 500),
        (0, 996, 496),
        (0, 996, 0),
    ]
    june = [datetime(2024, 6, day, tzinfo=LOCAL).date() for day in (3, 5)]
    reported = eoffice_records(*june, datetime(2024, 12, 31, tzinfo=LOCAL).date(), seed=SEED)
    assert pages[0]["data"] + pages[1]["data"] == reported


def test_documents_end_with_the_day_before_the_clock(ask_documents: Ask, set_clock: Callable[[int, int], None]) -> None:
    set_clock(6, 5)
    assert ask_documents().json()["TotalCount"] == 2 * 332
    assert max(row["Ngay"] for row in ask_documents().json()["data"]) == "2024-06-04"


@pytest.mark.parametrize("headers", [{}, {"lgspaccesstoken": "another"}, {"lgspaccesstoken": ""}])
def test_documents_need_the_right_token(ask_documents: Ask, headers: dict[str, str]) -> None:
    response = ask_documents(headers=headers)
    assert response.status_code == 401
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "changes",
    [
        {"PageSize": 501},
        {"PageSize": 0},
        {"PageNumber": 0},
        {"TuNgay": "03/06/2024"},
        {"TuNgay": "2024-06-06"},
        {"MaDonVi": "H58.01"},
    ],
)
def test_senseless_questions_for_documents_are_refused(ask_documents: Ask, changes: dict[str, object]) -> None:
    response = ask_documents(**changes)
    assert response.status_code == 400
    assert response.json()["error_code"] == 400


def test_disbursement_comes_in_one_answer(ask_disbursement: Ask) -> None:
    answer = ask_disbursement().json()
    assert list(answer) == ["error_code", "message", "TotalCount", "data"]
    closed_on = datetime(2024, 6, 28, tzinfo=LOCAL).date()
    assert answer["data"] == treasury_records(2024, closed_on, seed=SEED)
    assert (answer["error_code"], answer["TotalCount"]) == ("0", len(answer["data"]))


def test_day_that_is_not_closed_has_no_answer(
    ask_disbursement: Ask, portal: Simulator, set_clock: Callable[[int, int], None]
) -> None:
    set_clock(6, 28)
    assert described_day(portal.controls.now).isoformat() == "2024-06-27"
    assert ask_disbursement().status_code == 400


def test_both_budget_years_answer_in_january(ask_disbursement: Ask, portal: Simulator) -> None:
    portal.set_clock(datetime(2025, 1, 16, 4, 30, tzinfo=LOCAL))
    counts = [ask_disbursement(NienDo=year, NgayKetSo="2025-01-15").json()["TotalCount"] for year in (2024, 2025)]
    assert min(counts) > 80
    assert ask_disbursement(NienDo=2023, NgayKetSo="2025-01-15").json()["TotalCount"] == 0


def test_token_is_given_to_the_right_client_only(portal: Simulator) -> None:
    answer = ask_token(portal).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert ask_token(portal, auth=(portal.treasury_client, "guess")).status_code == 401
    assert ask_token(portal, auth=None).status_code == 401
    assert ask_token(portal, data={"grant_type": "password"}).status_code == 400


def test_token_lives_for_an_hour_of_simulated_time(portal: Simulator, ask_disbursement: Ask) -> None:
    token = ask_token(portal).json()["access_token"]
    portal.set_clock(datetime(2025, 1, 1, 5, 29, tzinfo=LOCAL))
    assert ask_disbursement(token=token).status_code == 200
    portal.set_clock(datetime(2025, 1, 1, 5, 30, tzinfo=LOCAL))
    assert ask_disbursement(token=token).status_code == 401
    assert ask_disbursement(token="nobody's").status_code == 401


def test_token_that_expires_midway_is_refused_and_a_new_one_is_good(portal: Simulator, ask_disbursement: Ask) -> None:
    token = ask_token(portal).json()["access_token"]
    portal.set_fault("giai-ngan", "expired_token", times=1)
    assert [ask_disbursement(token=token).status_code for _ in range(2)] == [401, 401]
    assert ask_disbursement(token=ask_token(portal).json()["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("unauthorized", 401), ("forbidden", 403), ("rate_limited", 429), ("server_error", 500)]
)
def test_refusals_have_their_status(portal: Simulator, interface: tuple[str, Ask], kind: str, status: int) -> None:
    endpoint, ask = interface
    portal.set_fault(endpoint, kind, seconds=7, times=1)
    response = ask()
    assert response.status_code == status
    assert response.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert ask().status_code == 200


def test_token_endpoint_can_fail_too(portal: Simulator) -> None:
    portal.set_fault("token", "server_error", times=1)
    assert ask_token(portal).status_code == 500
    assert ask_token(portal).status_code == 200


@pytest.mark.parametrize("kind", ["html_200", "firewall_page"])
def test_html_comes_with_a_good_status(portal: Simulator, interface: tuple[str, Ask], kind: str) -> None:
    endpoint, ask = interface
    portal.set_fault(endpoint, kind)
    response = ask()
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_bodies_arrive_broken_or_not_at_all(portal: Simulator, interface: tuple[str, Ask]) -> None:
    endpoint, ask = interface
    whole = ask().content
    portal.set_fault(endpoint, "cut_body")
    cut = ask()
    assert cut.status_code == 200
    assert whole.startswith(cut.content)
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.content)
    portal.set_fault(endpoint, "latin1")
    with pytest.raises(UnicodeDecodeError):
        ask().content.decode("utf-8")
    portal.set_fault(endpoint, "dropped_connection")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask()
    portal.set_fault(endpoint, "timeout", seconds=30)
    with pytest.raises(requests.exceptions.ReadTimeout):
        ask(timeout=0.2)


def test_lists_that_do_not_fit_their_total(portal: Simulator, interface: tuple[str, Ask]) -> None:
    endpoint, ask = interface
    sound = ask().json()
    portal.set_fault(endpoint, "short_list", n=3)
    assert (len(ask().json()["data"]), ask().json()["TotalCount"]) == (len(sound["data"]) - 3, sound["TotalCount"])
    portal.set_fault(endpoint, "wrong_total", n=2)
    assert ask().json() == sound | {"TotalCount": sound["TotalCount"] + 2}
    portal.set_fault(endpoint, "missing_page")
    assert ask().json() == sound | {"data": []}


def test_missing_and_repeated_pages_of_documents(portal: Simulator, ask_documents: Ask) -> None:
    first = ask_documents().json()
    portal.set_fault("van-ban", "missing_page", n=2)
    assert [len(ask_documents(PageNumber=number).json()["data"]) for number in (1, 2)] == [500, 0]
    portal.set_fault("van-ban", "repeated_page")
    assert ask_documents(PageNumber=2).json() == first


def test_repeated_page_of_a_list_on_one_page_repeats_its_first_half(portal: Simulator, ask_disbursement: Ask) -> None:
    portal.set_fault("giai-ngan", "repeated_page")
    answer = ask_disbursement().json()
    half = len(answer["data"]) // 2
    assert answer["data"][:half] == answer["data"][-half:]
    assert len(answer["data"]) == answer["TotalCount"]


def test_error_code_under_a_good_status(portal: Simulator, interface: tuple[str, Ask]) -> None:
    endpoint, ask = interface
    portal.set_fault(endpoint, "wrong_envelope_code")
    assert (ask().status_code, ask().json()["data"]) == (200, [])
    assert int(ask().json()["error_code"]) == 99


def test_fields_go_wrong(portal: Simulator, interface: tuple[str, Ask]) -> None:
    endpoint, ask = interface
    field = {"van-ban": "VanBanDi", "giai-ngan": "KeHoachVon"}[endpoint]
    for kind, value in (("null_number", None), ("huge_count", HUGE), ("negative_count", -1)):
        portal.set_fault(endpoint, kind, n=2)
        assert [row[field] == value for row in ask().json()["data"][:3]] == [True, True, False]
    portal.set_fault(endpoint, "missing_field", field="TenDonVi" if endpoint == "van-ban" else "TenDuAn")
    first, second = ask().json()["data"][:2]
    assert len(first) == len(second) - 1
    portal.set_fault(endpoint, "unknown_field")
    assert all(row["NguonDuLieu"] == "LGSP" for row in ask().json()["data"])


def test_rows_of_another_day(portal: Simulator, ask_disbursement: Ask) -> None:
    portal.set_fault("giai-ngan", "wrong_day")
    assert {row["NgayKetSo"] for row in ask_disbursement().json()["data"]} == {"2024-06-27"}


def test_eoffice_that_was_not_renewed_is_a_day_behind(
    portal: Simulator, ask_documents: Ask, set_clock: Callable[[int, int], None]
) -> None:
    set_clock(6, 6)
    portal.set_fault("van-ban", "repeated_snapshot", times=1)
    assert [ask_documents().json()["TotalCount"] for _ in range(2)] == [664, 996]


def test_many_bad_rows_come_beside_good_ones_in_a_complete_list(portal: Simulator, interface: tuple[str, Ask]) -> None:
    endpoint, ask = interface
    before = ask().json()["TotalCount"]
    portal.set_fault(endpoint, "many_bad_rows", n=50, good=10)
    pages = [ask(PageNumber=number).json() for number in (1, 2)] if endpoint == "van-ban" else [ask().json()]
    rows = [row for page in pages for row in page["data"]]
    assert len(rows) == pages[0]["TotalCount"] == before + 60
    field = {"van-ban": "VanBanDi", "giai-ngan": "KeHoachVon"}[endpoint]
    assert sum(row[field] < 0 for row in rows) == 50


@pytest.mark.parametrize("kind", CONTENT)
def test_faults_leave_the_next_answer_alone(portal: Simulator, interface: tuple[str, Ask], kind: str) -> None:
    endpoint, ask = interface
    whole = ask().content
    portal.set_fault(endpoint, kind, times=1)
    assert ask().content != whole or kind == "repeated_page"  # the first page is itself again
    assert ask().content == whole


def test_fault_of_all_hits_the_endpoints_that_can_have_it(
    portal: Simulator, ask: Ask, ask_documents: Ask, ask_disbursement: Ask
) -> None:
    token = ask_token(portal).json()["access_token"]
    portal.set_fault("*", "forbidden")
    assert [ask("transparency").status_code, ask_documents().status_code] == [403, 403]
    portal.set_fault("*", "expired_token")
    assert [ask("transparency").status_code, ask_documents().status_code] == [201, 200]
    assert ask_disbursement(token=token).status_code == 401


@pytest.mark.parametrize(
    ("endpoint", "kind"), [("van-ban", "wrong_root"), ("token", "short_list"), ("transparency", "missing_page")]
)
def test_fault_that_an_endpoint_cannot_have_is_refused(portal: Simulator, endpoint: str, kind: str) -> None:
    with pytest.raises(ValueError, match=f"no fault {kind} of {endpoint}"):
        portal.set_fault(endpoint, kind)


def test_log_names_the_source(portal: Simulator, ask: Ask, ask_documents: Ask, ask_disbursement: Ask) -> None:
    before = {source: len(portal.requests(source)) for source in ("national_portal", "eoffice", "treasury")}
    ask("transparency")
    ask_documents()
    ask_disbursement()
    asked = {source: portal.requests(source)[count:] for source, count in before.items()}
    assert {source: [entry["endpoint"] for entry in entries] for source, entries in asked.items()} == {
        "national_portal": ["transparency"],
        "eoffice": ["van-ban"],
        "treasury": ["token", "giai-ngan"],
    }


def test_secrets_are_not_in_the_log(portal: Simulator) -> None:
    ask_token(portal)
    assert portal.treasury_secret not in json.dumps(portal.requests())
