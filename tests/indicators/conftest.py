"""The warehouse of a province with two districts and one indicator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from tests.indicators.province_fixture import PROVINCE, ProvinceFixture


@pytest.fixture
def province(warehouse: Any) -> Iterator[ProvinceFixture]:
    """The catalog is filled, nothing is published."""
    with psycopg.connect(warehouse.url("cchc_loader")) as connection:
        made = ProvinceFixture(connection)
        made.add_indicator()
        made.add_agency(PROVINCE, date(2024, 1, 1), "province")
        made.add_agency("H58.31", date(2024, 1, 1))
        made.add_agency("H58.32", date(2024, 1, 1))
        yield made
