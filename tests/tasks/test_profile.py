"""The one task of a source whose profile is rejected."""

from __future__ import annotations

from datetime import date

import pytest
from airflow.sdk.exceptions import AirflowFailException

from cchc.mistake import Mistake
from cchc.sources.profile import ProfileError, ProfilesRead
from cchc.tasks import profile
from cchc.tasks.profile import read_profile

REJECTED = ProfileError([Mistake("eoffice.yaml", "", "owner", "is missing, add it")])


@pytest.fixture(autouse=True)
def _one_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "current_day", lambda: date(2024, 12, 31))
    monkeypatch.setattr(profile, "read_all_profiles", lambda: ProfilesRead((), {"eoffice": REJECTED}))


def test_read_profile_fails_with_the_mistakes_first_and_without_a_retry() -> None:
    with pytest.raises(AirflowFailException) as caught:
        read_profile("eoffice")
    first, rest = str(caught.value).split("\n")
    assert first == "eoffice.yaml, field owner: is missing, add it"
    assert "stay and become stale" in rest


def test_read_profile_of_a_corrected_profile_asks_to_run_the_day_again() -> None:
    with pytest.raises(
        AirflowFailException, match=r"treasury.yaml is right now: .* run this day once more: 2024-12-31"
    ):
        read_profile("treasury")
