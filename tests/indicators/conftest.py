"""The warehouse of a province with two districts and one indicator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from tests.indicators.house import PROVINCE, House


@pytest.fixture
def house(warehouse: Any) -> Iterator[House]:
    """The catalog is typed, nothing is published."""
    with psycopg.connect(warehouse.url("cchc_loader")) as connection:
        made = House(connection)
        made.add_indicator()
        made.add_agency(PROVINCE, date(2024, 1, 1), "province")
        made.add_agency("H58.31", date(2024, 1, 1))
        made.add_agency("H58.32", date(2024, 1, 1))
        yield made
