"""The yearly survey through whole runs: its value comes in April of the next year, for the last day of its own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.runs.conftest import FILES_WELL
from tests.spreadsheets.hostile_workbooks import HEADINGS, write_workbook

LAST_DAY = date(2024, 12, 31)
PUBLISHED, CORRECTED = date(2025, 4, 17), date(2025, 4, 18)
ROWS = """
select value, status from mart.indicator_attainment
where as_of_date = %s and indicator_code = 'II.1.dd-2' and variant = 'primary' and agency_code = 'H58'
"""


def report(value: object) -> bytes:
    return write_workbook([HEADINGS, ["II.1.dd-2", "H58", "2024", value, 100, "QĐ 1/QĐ-BNV", None]])


def test_survey_is_judged_for_its_year_by_the_run_of_its_publication(installation):
    installation.connect_inbox()
    folder = installation.inbox / "H58.02"
    assert installation.run_day(LAST_DAY) == FILES_WELL
    assert installation.query(ROWS, LAST_DAY) == [(None, "pending")]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sipas.xlsx").write_bytes(report(88))
    assert installation.run_day(PUBLISHED) == FILES_WELL
    assert installation.query(ROWS, LAST_DAY) == [(Decimal(88), "missed")]
    (folder / "sipas-dinh-chinh.xlsx").write_bytes(report(91))
    assert installation.run_day(CORRECTED) == FILES_WELL
    assert installation.query(ROWS, LAST_DAY) == [(Decimal(91), "attained")]
