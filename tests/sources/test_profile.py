"""Source profiles: a source is a file."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from cchc.settings import SOURCES
from cchc.sources.profile import PortalProfile, ProfileError, RequestPolicy, read_profile, read_profiles

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


def test_real_profile_knows_the_six_endpoints_as_the_contract_says(profile: PortalProfile) -> None:
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
def test_mistake_is_refused_with_file_and_field(write: Write, place: str, value: Any) -> None:
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


@pytest.mark.parametrize("content", [b"", b"- a\n- list\n", b"name: [unclosed\n", b"name: \xff\xfe\n", None])
def test_file_that_is_no_profile_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
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
