"""The first day that a province has a plan for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cchc.catalog.first_day import read_first_day
from cchc.settings import INCLUDE

PLANS = {
    "plan_2024.yaml": "province: H58\nvalid_from: 2024-01-01\n",
    "plan_2023.yaml": "province: H58\nvalid_from: 2023-02-01\n",
    "plan_2020_other.yaml": "province: H99\nvalid_from: 2020-01-01\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in PLANS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_first_day_is_that_of_the_earliest_plan_of_the_province_itself(folder: Path) -> None:
    assert read_first_day(folder, "H58") == date(2023, 2, 1)


@pytest.mark.parametrize("text", ["province: H58\n\t", "province: H58\nvalid_from: soon\n", "- no mapping\n", ""])
def test_plan_that_cannot_be_read_is_skipped(folder: Path, text: str) -> None:
    (folder / "plan_2023.yaml").write_text(text, encoding="utf-8")
    assert read_first_day(folder, "H58") == date(2024, 1, 1)


def test_province_without_a_plan_has_no_first_day(folder: Path) -> None:
    assert read_first_day(folder, "H42") is None


def test_the_plan_of_this_checkout_covers_its_year() -> None:
    assert read_first_day(INCLUDE / "catalog", "H58") == date(2024, 1, 1)
