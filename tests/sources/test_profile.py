"""Source profiles: a source is a file."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from cchc.settings import SOURCES
from cchc.sources.profile import (
    PortalProfile,
    ProfileError,
    read_all_profiles,
    read_profile,
    read_profiles,
)
from cchc.sources.profile_parts import RequestPolicy

REAL = SOURCES / "national_portal.yaml"
ENDPOINTS = {
    "transparency": ("evaluation", 200),
    "handling-satisfaction": ("evaluation", 200),
    "dossier-digitized": ("evaluation", 200),
    "dvc-progress-tree": ("tree", 100),
    "provide-online-tree": ("tree", 200),
    "formality-online-payment-tree": ("tree", 100),
}

Write = Callable[[Any], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a profile; returns its path."""

    def dump(content: Any) -> Path:
        path = tmp_path / "bad.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return path

    return dump


def test_real_profile_has_the_six_endpoints_of_the_contract(profile: PortalProfile) -> None:
    assert {name: (known.shape, known.page_size) for name, known in profile.endpoints.items()} == ENDPOINTS
    assert [name for name, known in profile.endpoints.items() if known.period_as_dates] == ["handling-satisfaction"]
    assert profile.requests.tries == 4
    assert profile.max_rejected_share == Decimal("0.05")
    assert (profile.source, profile.connection) == ("national_portal", "national_portal")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("owner", None),
        ("protocol", "soap"),
        ("colour", "red"),
        ("requests.tries", 5),
        ("requests.pause_seconds", -1),
        ("max_rejected_share", 5),
        ("endpoints.transparency.shape", "circle"),
        ("endpoints.transparency.page_size", 0),
        ("endpoints.transparency.metrics.DOSSIER_SYNC.metric", "Dossier Sync"),
        ("endpoints.transparency.metrics.DOSSIER_SYNC.children", "some"),
    ],
)
def test_mistake_is_named_with_file_and_field(write: Write, place: str, value: Any) -> None:
    content = yaml.safe_load(REAL.read_text(encoding="utf-8"))
    *parents, name = place.split(".")
    part = content
    for parent in parents:
        part = part[parent]
    if value is None:
        del part[name]
    else:
        part[name] = value
    with pytest.raises(ProfileError) as caught:
        read_profile(write(content))
    assert str(caught.value).startswith(f"bad.yaml, field {place}: ")


EDITS = [
    ("eoffice", '"30 4 * * *"', '"0 30 4 * * *"',
     'schedule: "0 30 4 * * *" is no minute and hour of every day before 06:00, write it as "30 4 * * *"'),
    ("eoffice", '"30 4 * * *"', '"30 16 * * *"',
     'schedule: "30 16 * * *" is no minute and hour of every day before 06:00, write it as "30 4 * * *"'),
    ("eoffice", '"30 4 * * *"', '"30 4 * * 1-5"',
     'schedule: "30 4 * * 1-5" is no minute and hour of every day before 06:00, write it as "30 4 * * *"'),
    ("eoffice", "kind: days, reread_days: 45", "kind: days, reread_days: -1",
     'windows.reread_days: "-1" is too small, write 0 or more'),
    ("eoffice", "kind: days,", "kind: weeks,", 'windows.kind: "weeks" is not one of days, budget_years'),
    ("eoffice", "{kind: header, header: lgspaccesstoken}", "{header: lgspaccesstoken}",
     "auth.kind: is missing, add it"),
    ("eoffice", "path: /api", "path: api",
     'path: "api/thong-ke/van-ban" is no path of a URL, begin it with / and leave out spaces, ? and #'),
    ("eoffice", "key: [agency_code, day]", "key: []", "key: is empty, fill it in"),
    ("eoffice", "key: [agency_code, day]", "key: [day, day]", 'key: "day" is there 2 times, keep one'),
    ("eoffice", "type: date, required: true", "type: day, required: true",
     'fields.Ngay.type: "day" is not one of text, code, number, integer, date, period, task_status'),
    ("eoffice", "measures: eoffice", "measures: eoffice\nderived: {a.b: {of: [c, d], as: union}}",
     "derived: goes with protocol: files, take it out"),
    ("eoffice", "tries: 4", "tries: 4.5", 'requests.tries: "4.5" is not a whole number, write it without a fraction'),
    ("national_portal", "numerator: totalOnTime, ", "",
     "endpoints.dvc-progress-tree.metrics.on_time.numerator: is missing for shape: tree, name the field"),
    ("national_portal", "{metric: certified_e_copies}", "{metric: certified_e_copies, ratio: ratio}",
     "endpoints.dossier-digitized.metrics.ELECTRONIC_CERTIFIED_COPY.ratio: goes with shape: tree, take it out"),
    ("national_portal", "{metric: certified_e_copies}", "{metric: data_reused}",
     ('endpoints.dossier-digitized.metrics.ELECTRONIC_CERTIFIED_COPY.metric: "data_reused" is that of '
      "endpoints.dossier-digitized.metrics.REUSED_DIGITIZED_DATA too, choose another name")),
    ("national_portal", "DISTRICT: district", "DISTRICT: quan",
     ('levels.DISTRICT: "quan" is not one of province, department, district, commune, division, '
      "public_service_unit")),
    ("national_portal", "rows: statistic", "rows: statistic\ninbox: returns_inbox",
     "inbox: doesn't go with protocol: portal_evaluation, which has no files, take it out"),
    ("eoffice", '"{end}"', '"{start}"', ("request: sends {start} twice, give each field its own\n"
     "eoffice.yaml, field request: doesn't send {end}, by which the source knows the window: add it")),
    ("treasury", 'request: {NienDo: "{year}", NgayKetSo: "{end}"}', "request: {}",
     "request: doesn't send {year} or {end}, by which the source knows the window: add it"),
    ("eoffice", "Ngay: {column: day, type: date, required: true}", "Ngay: {column: day, type: date}",
     'key[1]: "day" may be missing, write required: true at fields.Ngay'),
    ("eoffice", "first_wait_seconds: 2\n", "first_wait_seconds: 200\n",
     "requests.first_wait_seconds: 200 is longer than max_wait_seconds, 120: correct one"),
    ("national_portal", "answer_timeout_seconds: 120", "answer_timeout_seconds: 12",
     ("requests.answer_timeout_seconds: 12 is less than read_timeout_seconds, 45, though a whole answer takes longer "
      "than a part: correct one")),
    ("treasury", "inbox: returns_inbox ", "inbox: treasury ",
     'inbox: "treasury" is where the source is asked, name the connection of the folder'),
    ("treasury", 'success_codes: ["0", "00"]', "success_codes: [0]",
     'success_codes[0]: "0" is not text, write it in quotes'),
    ("returns", "of: [II.2-1, II.2-2]", "of: [II.2-1]", "derived.II.2.pooled.of: has one value, write two or more"),
    ("returns", "max_rejected_share: 1 ", "max_rejected_share: 5% ",
     'max_rejected_share: "5%" is not a number, write digits with a point and no other sign: 1.5'),
    ("returns", "connection: returns_inbox", "connection: returns\u200b_inbox",
     ('connection: "returns\\u200b_inbox" is no name of a connection, write it in letters a-z, digits and _')),
    ("returns", "inbox: returns_inbox\n", "", "inbox: is missing, add it"),
    ("returns", "[II.2-1, II.2-2], as: union", "[II.2-1, II.2-1], as: union",
     'derived.II.2.pooled.of: "II.2-1" is there 2 times, keep one'),
]  # fmt: skip


@pytest.mark.parametrize(("source", "old", "new", "mistake"), EDITS)
def test_mistake_is_named_with_its_remedy(tmp_path: Path, source: str, old: str, new: str, mistake: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read_profile(copy_with(tmp_path, source, old, new))
    assert str(caught.value) == f"{source}.yaml, field {mistake}"


def copy_with(folder: Path, source: str, old: str, new: str, name: str = "") -> Path:
    """A copy of a real profile with one edit; an edit that finds no place is a mistake of the test."""
    text = (SOURCES / f"{source}.yaml").read_text(encoding="utf-8")
    assert old in text
    path = folder / f"{name or source}.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_all_mistakes_of_a_profile_are_named_at_once(tmp_path: Path) -> None:
    path = copy_with(tmp_path, "eoffice", "owner: so-thong-tin-va-truyen-thong\n", "")
    path.write_text(path.read_text(encoding="utf-8").replace("tries: 4", "tries: 9"), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        read_profile(path)
    assert [mistake.field for mistake in caught.value.mistakes] == ["owner", "requests.tries"]


def test_bad_profile_stops_no_other_and_its_mistake_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for source in ("returns", "treasury"):
        copy_with(tmp_path, source, "", "")
    copy_with(tmp_path, "eoffice", "page_size: 500", "page_sise: 500")
    (tmp_path / "Cổng mới.yaml").write_text("- nothing", encoding="utf-8")
    read = read_all_profiles(tmp_path)
    assert [profile.source for profile in read.good] == ["returns", "treasury"]
    assert list(read.rejected) == ["Cổng mới", "eoffice"]
    assert read_profiles(tmp_path) == list(read.good)
    assert "eoffice.yaml, field page_sise: is not a field of this entry, correct its name" in caplog.text


@pytest.mark.parametrize("name", ["a_copy_of_treasury", "treasury_2", "kho_bac", "t"])
def test_of_two_profiles_with_one_request_the_copy_is_rejected(tmp_path: Path, name: str) -> None:
    copy_with(tmp_path, "treasury", "", "")
    copy_with(tmp_path, "treasury", "", "", name=name)
    read = read_all_profiles(tmp_path)
    assert [profile.source for profile in read.good] == ["treasury"]
    asked, files = read.rejected[name].mistakes
    assert asked.field == "connection"
    assert asked.text.startswith("treasury.yaml has path /api/giai-ngan of connection treasury already")
    assert files.field == "inbox"


def test_copy_runs_no_more_than_its_original_that_names_a_missing_file(tmp_path: Path) -> None:
    copy_with(tmp_path, "treasury", "measures: treasury", "measures: portal_statistic")
    copy_with(tmp_path, "treasury", "", "", name="t")
    read = read_all_profiles(tmp_path)
    assert read.good == ()
    assert [mistake.field for mistake in read.rejected["treasury"].mistakes] == ["measures"]
    assert [mistake.field for mistake in read.rejected["t"].mistakes] == ["connection", "inbox"]


@pytest.mark.parametrize(
    ("source", "old", "new", "field", "mistake"),
    [
        ("eoffice", "connection: eoffice", "connection: treasury", "connection",
         ('"treasury" is used by treasury.yaml with auth client_credentials, not with auth header: name the connection '
          "of this source")),
        ("returns", "inbox: returns_inbox\n", "inbox: treasury\n", "inbox",
         ('"treasury" is used by treasury.yaml with auth client_credentials, not as the folder of the inbox: name the '
          "connection of this source")),
    ],
)  # fmt: skip
def test_connection_of_another_source_rejects_the_profile_that_borrows_it(
    tmp_path: Path, source: str, old: str, new: str, field: str, mistake: str
) -> None:
    for name in ("eoffice", "national_portal", "returns", "treasury"):
        copy_with(tmp_path, name, *((old, new) if name == source else ("", "")))
    read = read_all_profiles(tmp_path)
    assert {name: [(one.field, one.text) for one in error.mistakes] for name, error in read.rejected.items()} == {
        source: [(field, mistake)]
    }


def test_files_that_editors_and_other_systems_leave_behind_are_no_profiles(tmp_path: Path) -> None:
    copy_with(tmp_path, "eoffice", "", "")
    (tmp_path / "._eoffice.yaml").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / ".#eoffice.yaml").symlink_to("hoa@may-1.4711")
    read = read_all_profiles(tmp_path)
    assert ([profile.source for profile in read.good], read.rejected) == (["eoffice"], {})


def test_unknown_failure_of_one_profile_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("eoffice", "returns"):
        copy_with(tmp_path, name, "", "")
    monkeypatch.setattr("cchc.sources.profile.check_files", lambda known: [] if known.source == "returns" else 1 / 0)
    read = read_all_profiles(tmp_path)
    assert [profile.source for profile in read.good] == ["returns"]
    assert str(read.rejected["eoffice"]) == (
        "eoffice.yaml: can't be checked (ZeroDivisionError: division by zero), correct this file or one that it names"
    )


def test_byte_order_mark_and_line_ends_of_windows_change_nothing(tmp_path: Path) -> None:
    path = copy_with(tmp_path, "eoffice", "", "")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_profile(path) == read_profile(SOURCES / "eoffice.yaml")


@pytest.mark.parametrize("content", [b"", b"- a\n- list\n", b"name: [unclosed\n", b"name: \xff\xfe\n", None])
def test_file_that_is_no_profile_is_rejected_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"bad\.yaml"):
        read_profile(path)


def test_extra_of_the_connection_overrides_the_policy_and_nothing_else(profile: PortalProfile) -> None:
    policy = profile.requests.override({"tries": 2, "pause_seconds": 0, "root_department_id": "x", "timeout": 1})
    assert policy == RequestPolicy(**{**profile.requests.model_dump(), "tries": 2, "pause_seconds": 0})
    assert profile.requests.override({}) == profile.requests


def test_copy_under_another_name_is_another_source(tmp_path: Path, profile: PortalProfile) -> None:
    text = REAL.read_text(encoding="utf-8").replace("connection: national_portal", "connection: other_portal")
    for name, content in (("national_portal", REAL.read_text(encoding="utf-8")), ("other_portal", text)):
        (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
    ours, other = read_profiles(tmp_path)
    assert ours == profile
    assert other == profile.model_copy(update={"source": "other_portal", "connection": "other_portal"})
