"""RecordsProfile: requests, pages, rows by the field map, and logins."""

from __future__ import annotations

import base64
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cchc.settings import SOURCES
from cchc.sources.errors import SourceError, SourceRefusedError
from cchc.sources.fetching import fetch_window, read_target
from cchc.sources.parsed_load import ParsedLoad
from cchc.sources.profile import RecordsProfile, read_profile
from cchc.sources.raw_archive import Archive
from cchc.sources.target import Target
from cchc.sources.window import Window
from tests.sources.scripted_server import Answer, Script

DAY = date(2024, 6, 30)
DAYS = Window("van-ban", "days", date(2024, 5, 16), DAY)
BUDGET = Window("giai-ngan", "year", date(2024, 1, 1), DAY)
RECORD = {
    "MaDinhDanh": "H58.01", "TenDonVi": "Văn phòng", "Ngay": "2024-06-30", "VanBanDen": 10, "VanBanDenDienTu": 9,
    "VanBanDenSoHoa": 1, "VanBanDi": 5, "VanBanDiDienTuKhongKemGiay": 3, "VanBanDiDienTuKemGiay": 1, "VanBanDiGiay": 1,
    "VanBanMat": 0, "VanBanXuLyTrenMang": 14, "HoSoCongViec": 2, "HoSoCongViecXuLyTrenMang": 2,
}  # fmt: skip
TOKEN = Answer.with_headers(200, b'{"access_token":"fresh","token_type":"Bearer","expires_in":60}')


@pytest.fixture(scope="module")
def eoffice() -> RecordsProfile:
    return read_records("eoffice")


@pytest.fixture(scope="module")
def treasury() -> RecordsProfile:
    return read_records("treasury")


@pytest.fixture
def kept(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", "eoffice", "H58")


def read_records(source: str) -> RecordsProfile:
    profile = read_profile(SOURCES / f"{source}.yaml")
    assert isinstance(profile, RecordsProfile)
    return profile


def envelope(*records: Any, total: Any = None, code: Any = 0) -> bytes:
    body = {"error_code": code, "message": "", "TotalCount": len(records) if total is None else total, "data": records}
    return json.dumps(body).encode()


def aim(profile: RecordsProfile, script: Script) -> Target:
    hurry = {"pause_seconds": 0, "first_wait_seconds": 0}
    return read_target(profile, script.base_url, hurry, login="client", password="secret")


def parse(profile: RecordsProfile, *bodies: bytes, window: Window = DAYS) -> ParsedLoad:
    return profile.parse_pages(window, bodies, {}, "H58")


def test_request_is_as_the_contract_has_it(eoffice: RecordsProfile, treasury: RecordsProfile) -> None:
    assert eoffice.build_request(DAYS, 3) == {
        "TuNgay": "2024-05-16", "DenNgay": "2024-06-30", "PageNumber": 3, "PageSize": 500,
    }  # fmt: skip
    assert treasury.build_request(BUDGET, 1) == {"NienDo": 2024, "NgayKetSo": "2024-06-30"}


def test_as_many_pages_are_asked_for_as_the_total_needs(eoffice: RecordsProfile, script: Script, kept: Archive) -> None:
    script.answers = [Answer(200, envelope(RECORD, total=1001))]
    capture = fetch_window(eoffice, aim(eoffice, script), kept, DAYS, DAY)
    assert [body["PageNumber"] for _, body in script.requests] == [1, 2, 3]
    assert capture.data_date == DAY


def test_one_answer_without_pages_is_asked_for_once(treasury: RecordsProfile, script: Script, kept: Archive) -> None:
    script.answers = [TOKEN, Answer(200, envelope(total=5_000))]
    assert len(fetch_window(treasury, aim(treasury, script), kept, BUDGET, DAY).pages) == 1


def test_record_becomes_a_row_by_the_field_map(eoffice: RecordsProfile) -> None:
    parsed = parse(eoffice, envelope(RECORD))
    (row,) = parsed.rows
    assert (row["agency_code"], row["day"], row["sent"], row["secret"]) == ("H58.01", DAY, Decimal(5), Decimal(0))
    assert (row["row_no"], row["pointer"], row["not_read"], row["source_flags"]) == (1, "page 1 /data/0", None, None)
    assert parsed.response["rows_total"] == parsed.response["received_rows"] == 1
    assert parsed.response["envelope_code"] == "0"
    assert (parsed.response["asked_from"], parsed.response["asked_to"]) == (DAYS.start, DAYS.end)


@pytest.mark.parametrize("code", [0, "0", "00"])
def test_either_spelling_of_success_is_success(eoffice: RecordsProfile, code: object) -> None:
    assert parse(eoffice, envelope(RECORD, code=code)).response["envelope_code"] == "0"


def test_mistakes_of_an_answer_become_columns_and_no_exception(eoffice: RecordsProfile) -> None:
    assert parse(eoffice, b"\xff{}").response["parse_failure"] == "wrong_encoding"
    assert parse(eoffice, b"<html>").response["parse_failure"] == "not_json"
    assert parse(eoffice, envelope(code=7)).response["envelope_code"] == "7"
    assert parse(eoffice, b'{"error_code":0,"TotalCount":0}').response["missing_fields"] == ["data"]
    assert parse(eoffice, envelope(RECORD, RECORD)).response["repeated_rows"] == 1
    assert parse(eoffice, envelope(RECORD, total=2)).response["rows_total"] == 2
    assert parse(eoffice, envelope(RECORD, total=2), envelope(RECORD, total=3)).response["rows_total"] is None
    gone = {name: value for name, value in RECORD.items() if name != "VanBanDi"}
    assert parse(eoffice, envelope(gone, gone)).response["missing_fields"] == ["VanBanDi"]
    assert parse(eoffice, envelope(gone, RECORD)).response["missing_fields"] is None
    strange = parse(eoffice, envelope(RECORD | {"Moi": 1}))
    assert (strange.response["unknown_fields"], strange.rows[0]["source_flags"]) == (["Moi"], ["unknown_field"])
    assert parse(eoffice, envelope(7, None)).response["received_rows"] == 2


def test_header_opens_the_e_office_and_stands_in_no_archive(
    eoffice: RecordsProfile, script: Script, kept: Archive
) -> None:
    script.answers = [Answer(200, envelope(RECORD))]
    target = aim(eoffice, script)
    capture = fetch_window(eoffice, target, kept, DAYS, DAY)
    assert script.headers[-1]["lgspaccesstoken"] == "secret"
    assert "secret" not in repr(target)
    assert not [path for path in capture.folder.iterdir() if b"secret" in path.read_bytes()]


def test_token_is_asked_for_with_the_client_s_credentials_and_sent_as_bearer(
    treasury: RecordsProfile, script: Script, kept: Archive
) -> None:
    script.answers = [TOKEN, Answer(200, envelope())]
    fetch_window(treasury, aim(treasury, script), kept, BUDGET, DAY)
    assert [path for path, _ in script.requests] == ["/token", "/api/giai-ngan"]
    assert script.requests[0][1] == "grant_type=client_credentials"
    assert script.headers[0]["Authorization"] == "Basic " + base64.b64encode(b"client:secret").decode()
    assert script.headers[1]["Authorization"] == "Bearer fresh"


def test_token_that_expires_mid_way_is_renewed_once(treasury: RecordsProfile, script: Script, kept: Archive) -> None:
    paged = treasury.model_copy(update={"page_size": 1})
    two = Answer(200, envelope(RECORD, total=2))
    script.answers = [TOKEN, two, Answer(401), TOKEN, two]
    assert len(fetch_window(paged, aim(paged, script), kept, BUDGET, DAY).pages) == 2
    script.answers = [TOKEN, two, Answer(401), TOKEN, Answer(401)]
    with pytest.raises(SourceRefusedError):
        fetch_window(paged, aim(paged, script), kept, BUDGET, DAY)


def test_refused_credentials_end_the_requests_of_a_run(treasury: RecordsProfile, script: Script, kept: Archive) -> None:
    script.answers = [Answer(401)]
    with pytest.raises(SourceRefusedError, match="login or password") as refused:
        fetch_window(treasury, aim(treasury, script), kept, BUDGET, DAY)
    assert len(script.requests) == 1
    assert "secret" not in str(refused.value)


def test_token_is_asked_for_again_after_a_hiccup(treasury: RecordsProfile, script: Script, kept: Archive) -> None:
    script.answers = [Answer(503), TOKEN, Answer(200, envelope())]
    fetch_window(treasury, aim(treasury, script), kept, BUDGET, DAY)
    assert [path for path, _ in script.requests] == ["/token", "/token", "/api/giai-ngan"]


def test_first_answer_401_is_a_refusal_and_no_expired_token(
    treasury: RecordsProfile, script: Script, kept: Archive
) -> None:
    script.answers = [TOKEN, Answer(401)]
    with pytest.raises(SourceRefusedError):
        fetch_window(treasury, aim(treasury, script), kept, BUDGET, DAY)
    assert len(script.requests) == 2


def test_connection_without_its_login_is_no_target(
    eoffice: RecordsProfile, treasury: RecordsProfile, script: Script
) -> None:
    with pytest.raises(SourceError, match="no password"):
        read_target(eoffice, script.base_url, {})
    with pytest.raises(SourceError, match="line ends") as raised:
        read_target(eoffice, script.base_url, {}, password="secret\n")
    assert "secret" not in str(raised.value)
    with pytest.raises(SourceError, match="no login"):
        read_target(treasury, script.base_url, {}, password="secret")
