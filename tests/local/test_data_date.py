"""`DATE=…` of the commands: an invalid day is declined in one line before any storage."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cchc.local import LocalError
from cchc.local.data_date import read_data_date
from cchc.local.nightly import run_nightly

EXAMPLE = "make nightly DATE=2024-06-30"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCHC_NOW", "2024-07-01T00:00:00+07:00")


def test_day_that_is_over_is_accepted() -> None:
    assert read_data_date("2024-06-30", EXAMPLE) == date(2024, 6, 30)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2024-07-01", "DATE=2024-07-01: 2024-07-01 is not over yet, the newest day that is over is 2024-06-30"),
        ("2042-12-31", "DATE=2042-12-31: 2042-12-31 is not over yet"),
        ("2023-12-31", "DATE=2023-12-31: 2023-12-31 is before 2024-01-01, the first day of the earliest plan"),
        ("20240630", "DATE='20240630' is no day"),
        ("2024-06-31", "DATE='2024-06-31' is no day"),
    ],
)
def test_any_other_day_is_declined_before_the_home_is_made(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(LocalError, match=f"^{why}.*: {EXAMPLE}$"):
        run_nightly(tmp_path / "home", text, "")
    assert not (tmp_path / "home").exists()
