"""fetch_window by real HTTP: bytes are archived under the day that they describe, rejected ones as evidence."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from cchc.calendar import LOCAL
from cchc.sources.errors import SourceError, SourceRefusedError, SourceUnavailableError
from cchc.sources.fetching import fetch_window, read_target
from cchc.sources.profile import PortalProfile
from cchc.sources.protocols.portal import PATH, described_day
from cchc.sources.raw_archive import Archive
from cchc.sources.target import Target
from cchc.sources.window import Window, plan_year_and_month
from simulator.server import Simulator
from tests.sources.scripted_server import Answer, Script

DAY = date(2024, 12, 31)
WINDOW = Window("dossier-digitized", "year", date(2024, 1, 1), DAY)
FIRST_OF_TWO_PAGES = b'{"code":"OK","data":{"pagination":{"totalPages":2}}}'


def aim(profile: PortalProfile, server: Simulator | Script, **overrides: Any) -> Target:
    root = server.root_department_id if isinstance(server, Simulator) else "root"
    return read_target(profile, server.base_url, {"root_department_id": root, "pause_seconds": 0, **overrides})


def test_every_window_is_archived_as_the_portal_sent_it(
    portal: Simulator, profile: PortalProfile, archive: Archive
) -> None:
    target = aim(profile, portal)
    for window in plan_year_and_month(profile.entities, DAY):
        capture = fetch_window(profile, target, archive, window, DAY)
        (page,) = capture.pages
        sent = requests.post(portal.base_url + PATH + window.entity, json=page.request, timeout=10)
        assert capture.read_bodies() == [sent.content]
        assert (page.status, page.url) == (201, sent.url)
        assert capture.captured_at == datetime(2025, 1, 1, 4, 30, tzinfo=LOCAL)
        assert archive.find(window.name, DAY) == [capture]


def test_one_request_at_a_time_with_a_pause_before_each(
    portal: Simulator, profile: PortalProfile, archive: Archive
) -> None:
    small = profile.endpoints["dossier-digitized"].model_copy(update={"page_size": 50})
    paged = profile.model_copy(update={"endpoints": {"dossier-digitized": small}})
    earlier = len(portal.requests())
    capture = fetch_window(paged, aim(profile, portal, pause_seconds=0.05), archive, WINDOW, DAY)
    asked = portal.requests()[earlier:]
    assert [page.request["currentPage"] for page in capture.pages] == [1, 2, 3, 4]  # 200 departments
    assert [entry["in_flight"] for entry in asked] == [0, 0, 0, 0]
    for before, after in pairwise(asked):
        assert after["received_s"] - before["answered_s"] >= 0.05


def test_later_capture_of_a_day_is_kept_beside_the_earlier_one(
    portal: Simulator, profile: PortalProfile, archive: Archive
) -> None:
    target = aim(profile, portal)
    first = fetch_window(profile, target, archive, WINDOW, DAY)
    portal.set_clock(datetime(2025, 1, 1, 18, 20, tzinfo=LOCAL))
    portal.set_fault("dossier-digitized", "unknown_field")  # so that the later one has other bytes
    later = fetch_window(profile, target, archive, WINDOW, DAY)
    assert archive.find(WINDOW.name, DAY) == [first, later]
    assert later.captured_at == datetime(2025, 1, 1, 18, 20, tzinfo=LOCAL)
    assert later.read_bodies() != first.read_bodies()


@pytest.mark.parametrize(
    ("now", "described"),
    [
        (datetime(2024, 6, 30, 1, 59, tzinfo=LOCAL), date(2024, 6, 28)),
        (datetime(2024, 6, 30, 2, 0, tzinfo=LOCAL), date(2024, 6, 29)),
        (datetime(2025, 1, 8, 4, 30, tzinfo=LOCAL), date(2025, 1, 7)),
    ],
)
def test_answer_is_filed_under_the_day_it_describes_whatever_day_was_wanted(
    portal: Simulator, profile: PortalProfile, archive: Archive, now: datetime, described: date
) -> None:
    portal.set_clock(now)
    capture = fetch_window(profile, aim(profile, portal), archive, WINDOW, DAY)
    assert capture.data_date == described
    assert archive.find(WINDOW.name, described) == [capture]
    assert archive.find(WINDOW.name, DAY) == []


def test_answer_of_a_server_whose_clock_is_years_ahead_is_filed_by_ours(
    script: Script, profile: PortalProfile, archive: Archive
) -> None:
    script.answers = [Answer.with_headers(201, b"{}", Date="Wed, 31 Dec 2042 17:00:00 GMT")]
    before = datetime.now(LOCAL)
    capture = fetch_window(profile, aim(profile, script), archive, WINDOW, DAY)
    assert capture.data_date in {described_day(before), described_day(datetime.now(LOCAL))}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("unauthorized", SourceRefusedError),
        ("forbidden", SourceRefusedError),
        ("firewall_page", SourceRefusedError),
        ("html_200", SourceError),
        ("server_error", SourceUnavailableError),
    ],
)
def test_rejected_answer_is_kept_as_evidence_and_never_found(
    portal: Simulator, profile: PortalProfile, archive: Archive, kind: str, error: type[SourceError]
) -> None:
    portal.set_fault("*", kind)
    with pytest.raises(SourceError) as caught:
        fetch_window(profile, aim(profile, portal, first_wait_seconds=0), archive, WINDOW, DAY)
    assert type(caught.value) is error
    assert archive.find(WINDOW.name, DAY) == []
    (page,) = archive.root.rglob("page-001.json.gz")
    assert page.parent.name.endswith(".rejected")
    assert page.stat().st_size > 0


def test_pages_before_a_refusal_are_kept_with_it(script: Script, profile: PortalProfile, archive: Archive) -> None:
    script.answers = [Answer(201, FIRST_OF_TWO_PAGES), Answer(403)]
    with pytest.raises(SourceRefusedError):
        fetch_window(profile, aim(profile, script), archive, WINDOW, DAY)
    assert len(script.requests) == 2
    assert sorted(path.name for path in archive.root.rglob("page-*")) == ["page-001.json.gz", "page-002.json.gz"]


def test_whole_answer_after_a_refused_one_of_the_same_second_is_found(
    script: Script, profile: PortalProfile, archive: Archive
) -> None:
    target = aim(profile, script)
    script.answers = [Answer(201, FIRST_OF_TWO_PAGES), Answer(403)]
    with pytest.raises(SourceRefusedError):
        fetch_window(profile, target, archive, WINDOW, DAY)
    script.answers = [Answer(201, FIRST_OF_TWO_PAGES), Answer(201, b"{}")]
    capture = fetch_window(profile, target, archive, WINDOW, DAY)
    assert archive.find(WINDOW.name, capture.data_date) == [capture]
    assert capture.read_bodies() == [FIRST_OF_TWO_PAGES, b"{}"]


def test_refusal_is_raised_where_the_archive_takes_no_evidence(
    script: Script, profile: PortalProfile, archive: Archive
) -> None:
    archive.root.write_bytes(b"")  # a file in place of the folder
    script.answers = [Answer(403)]
    with pytest.raises(SourceRefusedError):
        fetch_window(profile, aim(profile, script), archive, WINDOW, DAY)


def test_answer_that_the_archive_cannot_take_is_an_error_after_one_request(
    script: Script, profile: PortalProfile, archive: Archive
) -> None:
    archive.root.write_bytes(b"")
    script.answers = [Answer(201, FIRST_OF_TWO_PAGES), Answer(201, b"{}")]
    with pytest.raises(OSError, match="archive"):
        fetch_window(profile, aim(profile, script), archive, WINDOW, DAY)
    assert len(script.requests) == 1


def test_source_that_never_answers_leaves_nothing(script: Script, profile: PortalProfile, archive: Archive) -> None:
    script.answers = [Answer(fate="dropped")]
    with pytest.raises(SourceUnavailableError):
        fetch_window(profile, aim(profile, script, first_wait_seconds=0), archive, WINDOW, DAY)
    assert not archive.root.exists()


def test_connection_without_the_province_or_over_plain_http_is_no_target(
    profile: PortalProfile, script: Script
) -> None:
    for host, extra in ((script.base_url, {}), ("http://portal.example", {"root_department_id": "root"})):
        with pytest.raises(SourceError):
            read_target(profile, host, extra)


def test_connection_whose_override_is_out_of_bounds_is_no_target(profile: PortalProfile, script: Script) -> None:
    with pytest.raises(SourceError, match="tries"):
        read_target(profile, script.base_url, {"root_department_id": "root", "tries": 99})


def test_missing_file_of_certificates_is_named(profile: PortalProfile) -> None:
    with pytest.raises(SourceError, match=r"extra, ca_file: there is no file /nowhere/ca\.pem here"):
        read_target(profile, "https://portal.example", {"root_department_id": "root", "ca_file": "/nowhere/ca.pem"})


def test_file_that_holds_no_certificates_is_named(profile: PortalProfile, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN")
    with pytest.raises(SourceError, match=r"extra, ca_file: .*ca\.pem can't be read as certificates in PEM"):
        read_target(
            profile, "https://portal.example", {"root_department_id": "root", "ca_file": str(tmp_path / "ca.pem")}
        )


@pytest.mark.parametrize("proxy", ["proxy:3128", "socks5://u:secret@proxy", "http://", "http://u:secret@proxy:x", 7])
def test_error_about_a_proxy_shows_no_password(profile: PortalProfile, proxy: object) -> None:
    with pytest.raises(SourceError, match="extra, proxy: it is no address of a proxy") as caught:
        read_target(profile, "https://portal.example", {"root_department_id": "root", "proxy": proxy})
    assert "secret" not in str(caught.value)


def test_target_shows_no_password_of_its_proxy(profile: PortalProfile) -> None:
    extra = {"root_department_id": "root", "proxy": "http://u:secret@proxy.example:3128"}
    target = read_target(profile, "https://portal.example", extra)
    assert target.route.proxy == extra["proxy"]
    assert "secret" not in repr(target)
