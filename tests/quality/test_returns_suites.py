"""The suites of the returns, by Great Expectations in PostgreSQL: each rule on a row that breaks it and on no other.

All rows are of one file, archived on 31 July 2024; each is named by its mistake.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from cchc.local.embedded import Database
from cchc.quality.audit import RuleResult
from cchc.warehouse.connection import Login
from tests.quality.judged_rows import judge, open_warehouse
from tests.sql.test_cases import fill_table
from tests.warehouse.staged_rows import insert_rows, stage_rows

FILE = UUID(int=1)
RESPONSES = UUID(int=2)
D = date(2024, 7, 31)

INDICATORS: list[dict[str, str | None]] = [
    # Agencies of a set report yes or no; other agencies of the levels have no row of it.
    {"indicator_code": "II.2-2", "roll_up": "share_of_agencies", "set_code": "huyen", "levels": "{province,district}"},
    # Agencies of the levels send parts.
    {"indicator_code": "II.6-1", "roll_up": "pooled", "set_code": None, "levels": "{province,department}"},
    {"indicator_code": "II.3-2", "roll_up": "own", "set_code": None, "levels": "{province}", "is_share": "false"},
    {"indicator_code": "II.8-1", "roll_up": "own", "set_code": None, "levels": "{province}", "valid_to": "2024-06-30"},
    {"indicator_code": "II.1.b-1", "roll_up": "own", "set_code": None, "levels": "{province}", "source": "portal"},
    {"indicator_code": "II.10-1", "roll_up": "own", "set_code": None, "levels": "{province}", "counts": "rate"},
    {"indicator_code": "II.7-9", "roll_up": "own", "set_code": None, "levels": "{province}", "counts": "amount"},
]
AGENCIES: list[dict[str, str | None]] = [
    {"agency_code": "H58", "level": "province", "valid_to": None},
    {"agency_code": "H58.02", "level": "department", "valid_to": None},
    {"agency_code": "H58.03", "level": "department", "valid_to": None},
    {"agency_code": "H58.40", "level": "district", "valid_to": None},
    {"agency_code": "H58.41", "level": "district", "valid_to": "2024-05-01"},
]


def period(name: str | None, start: date | None = None, end: date | None = None) -> dict[str, Any]:
    return {"period": name, "period_start": start, "period_end": end}


def month(number: int, year: int = 2024) -> dict[str, Any]:
    end = date(year, number, monthrange(year, number)[1])
    return period(f"{end:%Y-%m}", date(year, number, 1), end)


def quarter(number: int, year: int = 2024) -> dict[str, Any]:
    end = month(number * 3, year)["period_end"]
    return period(f"{year}-Q{number}", date(year, number * 3 - 2, 1), end)


YES = {"sheet": "ChiTieu", "code": "II.2-2", "agency_code": "H58.40", "numerator": 1, "denominator": 1}
VALUE = YES | quarter(2) | {"evidence": "BC"}
SHARE = VALUE | {"code": "II.6-1", "agency_code": "H58.02", "numerator": 3, "denominator": 4}
OTHER = SHARE | {"agency_code": "H58.03"}
COUNT = VALUE | {"code": "II.3-2", "agency_code": "H58", "numerator": 2, "denominator": None}
RATE = VALUE | {"code": "II.10-1", "agency_code": "H58", "numerator": Decimal("87.12"), "denominator": 100}
AMOUNT = VALUE | {"code": "II.7-9", "agency_code": "H58", "numerator": Decimal("1.5"), "denominator": Decimal("2.25")}
SIGN_ABOVE, SIGNS, SIGN_BELOW = {"percent": ["Tử số"]}, {"percent": ["Tử số", "Mẫu số"]}, {"percent": ["Mẫu số"]}
NOTHING_READ = dict.fromkeys(VALUE) | {"sheet": "ChiTieu", "field_count": 8}
TASK = {"sheet": "NhiemVu", "code": "PL.I.1", "agency_code": "H58.02", "status": "in_progress"}
DONE = TASK | {"status": "done", "done_on": date(2024, 7, 9), "evidence": "BC"}

# The mistake, the row, the rules that it breaks. No two rows report one value but those that are meant to.
ROWS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("nothing: yes", VALUE, set()),
    ("nothing: no, which needs no evidence", VALUE | month(1) | {"numerator": 0, "evidence": None}, set()),
    ("nothing: parts", SHARE, set()),
    ("nothing: none of none", SHARE | month(1) | {"numerator": 0, "denominator": 0}, set()),
    ("nothing: a count has no denominator", COUNT, set()),
    ("nothing: the province's row holds the count of agencies", VALUE
     | {"agency_code": "H58", "numerator": 4, "denominator": 11}, set()),
    ("nothing: an agency that has closed since", VALUE | {"agency_code": "H58.41"} | quarter(1), set()),
    ("nothing: a period that ends today", SHARE | {"agency_code": "H58"} | month(7), set()),
    ("nothing: a period that ends within a month", SHARE | {"agency_code": "H58"} | month(8), set()),
    ("nothing: an indicator while it is in force", COUNT | {"code": "II.8-1", "denominator": 9} | month(5), set()),
    ("nothing: a rate", RATE, set()),
    ("nothing: a rate with a percent sign", RATE | SIGN_ABOVE | month(1), set()),
    ("nothing: a rate with a percent sign in both parts", RATE | SIGNS | month(2), set()),
    ("nothing: an amount with decimals", AMOUNT, set()),
    ("rate over 100%", RATE | SIGN_BELOW | month(3), {"percent"}),
    ("rate with a sign over another number", RATE | SIGN_ABOVE | {"denominator": 250} | month(4), {"percent"}),
    ("rate below one in a hundred", RATE | {"numerator": Decimal("0.8712")} | month(5), {"rate_below_one"}),
    ("nothing: a rate of none", RATE | {"numerator": 0, "evidence": None} | month(7), set()),
    ("count with a percent sign", OTHER | SIGN_ABOVE | month(5), {"percent"}),
    ("count over 100%", OTHER | SIGN_BELOW | {"denominator": 100} | month(6), {"percent"}),
    ("amount with a percent sign", AMOUNT | SIGN_ABOVE | month(1), {"percent"}),
    ("count with a mark that groups for others", OTHER | {"numerator": Decimal("1.234"), "denominator": 5,
     "ambiguous_numbers": ["Tử số: 1,234"]} | month(7), {"ambiguous_number"}),
    ("count of thousands to some, of one to others", OTHER | {"numerator": 1, "ambiguous_numbers": ["Tử số: 1,000"]}
     | month(8), {"ambiguous_number"}),
    ("nothing: count with a Vietnamese mark", OTHER | {"numerator": 1234, "denominator": 1256,
     "ambiguous_numbers": ["Tử số: 1.234", "Mẫu số: 1.256"]} | month(1, 2025), {"period_not_over"}),
    ("ambiguous amount in a file of commas", AMOUNT | {"ambiguous_numbers": ["Mẫu số: 2,250"]} | month(2),
     {"ambiguous_number"}),
    ("amount with the other mark in a file of commas", AMOUNT | {"denominator": 2250,
     "ambiguous_numbers": ["Mẫu số: 2.250"]} | month(3), {"ambiguous_number"}),
    ("half an agency", OTHER | {"denominator": Decimal("4.5")} | month(4), {"not_whole"}),
    ("half of the baseline", COUNT | {"denominator": Decimal("1.5")} | month(8), {"not_whole"}),
    ("number in a hidden row", OTHER | {"numerator": None, "not_read": ["Tử số: 5 (ẩn)"], "unseen": ["Tử số"]}
     | month(9), {"unseen_cell", "period_not_over"}),
    ("period in a hidden row", OTHER | period(None) | {"not_read": ["Kỳ báo cáo: 2024 (ẩn)"], "unseen": ["Kỳ báo cáo"]},
     {"unseen_cell"}),
    ("row of too many fields", NOTHING_READ, {"wrong_field_count"}),
    ("row of too few fields among tasks", NOTHING_READ | {"sheet": "NhiemVu", "field_count": 4},
     {"wrong_field_count"}),
    ("code missing", VALUE | {"code": None}, {"value_missing"}),
    ("agency missing", VALUE | {"agency_code": None}, {"value_missing"}),
    ("numerator missing", COUNT | {"numerator": None} | month(4), {"value_missing"}),
    ("denominator of a share missing", SHARE | {"denominator": None} | month(4), {"value_missing"}),
    ("numerator not read", SHARE | {"numerator": None, "not_read": ["Tử số: ba"]} | month(5), {"not_a_number"}),
    ("denominator of a count not read", COUNT | {"not_read": ["Mẫu số: ba"]} | month(5), {"not_a_number"}),
    ("period missing", VALUE | period(None), {"bad_period"}),
    ("period of a count not read", COUNT | period("quý hai") | {"not_read": ["Kỳ báo cáo: quý hai"]}, {"bad_period"}),
    ("period and numerator not read", SHARE | period("quý hai")
     | {"numerator": None, "not_read": ["Kỳ báo cáo: quý hai", "Tử số: ba"]}, {"bad_period", "not_a_number"}),
    ("year before every plan", SHARE | quarter(4, 2022), {"no_plan_for_period"}),
    ("period not over", SHARE | quarter(3), {"period_not_over"}),
    ("indicator unknown", SHARE | {"code": "II.99-1"}, {"unknown_indicator"}),
    ("indicator fed by another source", SHARE | {"code": "II.1.b-1", "agency_code": "H58"}, {"unknown_indicator"}),
    ("indicator not in force at the end of the period", COUNT | {"code": "II.8-1", "denominator": 9},
     {"unknown_indicator"}),
    ("code of a task among values", SHARE | {"code": "PL.I.1"}, {"unknown_indicator"}),
    ("agency unknown", VALUE | {"agency_code": "H58.99"}, {"unknown_agency"}),
    ("agency closed by the end of the period", VALUE | {"agency_code": "H58.41"}, {"unknown_agency"}),
    ("agency outside the set", VALUE | {"agency_code": "H58.02"}, {"outside_population"}),
    ("agency outside the levels", SHARE | {"agency_code": "H58.40"}, {"outside_population"}),
    ("numerator negative", SHARE | {"numerator": -1} | quarter(1), {"negative"}),
    ("denominator negative", SHARE | {"agency_code": "H58", "numerator": -6, "denominator": -5}, {"negative"}),
    ("numerator too large", COUNT | {"numerator": 10**9 + 1} | month(1), {"count_too_large"}),
    ("denominator too large", COUNT | {"denominator": 10**9 + 1} | month(2), {"count_too_large"}),
    ("neither yes nor no", VALUE | {"numerator": 2, "denominator": 4} | month(2), {"not_yes_or_no"}),
    ("yes of more than one", VALUE | {"denominator": 11} | quarter(1), {"not_yes_or_no"}),
    ("reported twice, first", VALUE | month(5), {"repeated_row"}),
    ("reported twice, second", VALUE | {"numerator": 0} | month(5), {"repeated_row"}),
    ("reported for a month", VALUE | {"agency_code": "H58"} | month(3), {"repeated_row"}),
    ("reported for the quarter with the same end", VALUE | {"agency_code": "H58"} | quarter(1), {"repeated_row"}),
    ("numerator exceeds denominator", SHARE | {"numerator": 5} | month(2), {"numerator_over_denominator"}),
    ("count exceeds its baseline", COUNT | {"denominator": 1} | month(3), set()),
    ("no evidence", SHARE | {"evidence": None, "agency_code": "H58"} | month(2), {"no_evidence"}),
    ("remark of a count too long", COUNT | {"not_read": ["Ghi chú: Căn cứ (dài quá)"]} | month(7), {"text_not_read"}),
    ("evidence too long", SHARE | {"agency_code": "H58", "evidence": None, "not_read": ["Văn bản minh chứng: BC: 1"]}
     | month(3), {"text_not_read"}),
    ("read with a coercion", SHARE | {"coerced": ["Tử số: 3,0"], "agency_code": "H58"} | month(1), {"coerced"}),
    ("nothing: a task under way", TASK, set()),
    ("nothing: a task done", DONE | {"code": "PL.I.2"}, set()),
    ("nothing: a task done today", DONE | {"code": "PL.I.3", "done_on": D}, set()),
    ("nothing: a task of last year done last year", DONE | {"code": "PL.OLD", "done_on": date(2023, 12, 29)}, set()),
    ("nothing: a task of this year done before it", DONE | {"code": "PL.I.4", "done_on": date(2023, 12, 29)}, set()),
    ("task missing", TASK | {"code": None}, {"value_missing"}),
    ("task unknown", TASK | {"code": "PL.IX.9"}, {"unknown_task"}),
    ("task of last year's plan only", TASK | {"code": "PL.OLD", "agency_code": "H58"}, {"unknown_task"}),
    ("code of an indicator among tasks", TASK | {"code": "II.2-2"}, {"unknown_task"}),
    ("task of an agency unknown", TASK | {"agency_code": "H58.99"}, {"unknown_agency"}),
    ("task of an agency closed on the day of the report", TASK | {"agency_code": "H58.41"}, {"unknown_agency"}),
    ("status missing", TASK | {"status": None, "code": "PL.I.5"}, {"unknown_status"}),
    ("status not read", TASK | {"status": None, "not_read": ["Trạng thái: gần xong"], "code": "PL.I.6"},
     {"unknown_status"}),
    ("date not read", DONE | {"done_on": None, "not_read": ["Ngày hoàn thành: hôm qua"], "code": "PL.I.7"},
     {"date_not_read"}),
    ("status and date not read", TASK | {"status": None, "not_read": ["Trạng thái: ?", "Ngày hoàn thành: ?"],
     "code": "PL.I.8"}, {"unknown_status", "date_not_read"}),
    ("evidence of a task too long", TASK | {"not_read": ["Văn bản minh chứng: BC"], "code": "PL.I.14"},
     {"text_not_read"}),
    ("done without a date, evidence too long", DONE | {"done_on": None, "evidence": None, "code": "PL.I.15",
     "not_read": ["Văn bản minh chứng: BC"]}, {"done_without_date", "text_not_read"}),
    ("done without a date", DONE | {"done_on": None, "code": "PL.I.9"}, {"done_without_date"}),
    ("a date without done", DONE | {"status": "in_progress", "code": "PL.I.10"}, {"date_without_done"}),
    ("done tomorrow", DONE | {"done_on": date(2024, 8, 1), "code": "PL.I.11"}, {"done_in_future"}),
    ("done years before the plan", DONE | {"done_on": date(2020, 2, 17), "code": "PL.I.16"}, {"implausible_day"}),
    ("done without evidence", DONE | {"evidence": None, "code": "PL.I.12"}, {"no_evidence"}),
    ("task reported twice, first", TASK | {"code": "PL.I.13"}, {"repeated_row"}),
    ("task reported twice, second", DONE | {"code": "PL.I.13"}, {"repeated_row"}),
]  # fmt: skip

REJECTIONS = (
    "not_a_workbook", "protected_workbook", "macro_workbook", "too_large", "compression_bomb", "formula_error",
    "no_headings", "hidden_sheets", "wrong_encoding", "no_rows",
)  # fmt: skip

SEVERITIES = {
    "critical": {*REJECTIONS, "required_field_gone"},
    "warning": {
        "value_missing", "not_a_number", "bad_period", "no_plan_for_period", "period_not_over", "unknown_indicator",
        "unknown_task", "unknown_agency", "outside_population", "negative", "count_too_large", "not_yes_or_no",
        "repeated_row", "unknown_status", "date_not_read", "done_without_date", "date_without_done", "done_in_future",
        "wrong_field_count", "unseen_cell", "percent", "ambiguous_number", "not_whole", "implausible_day",
    },
    "info": {
        "rate_below_one", "numerator_over_denominator", "no_evidence", "text_not_read", "coerced", "unknown_field",
    },
}  # fmt: skip


Judged = tuple[list[RuleResult], dict[int, set[str]]]


@pytest.fixture(scope="module")
def login(cluster: Database) -> Iterator[Login]:
    """A warehouse with a small catalog."""
    tasks: list[dict[str, str | None]] = [
        {"plan_year": "2024", "task_code": f"PL.I.{number}"} for number in range(1, 17)
    ]
    with open_warehouse(cluster, "returns_suites") as own:
        with psycopg.connect(own.conninfo()) as connection:
            parameters = {"province": "H58", "source": "returns"}
            fill_table(connection, "core.agency_catalog", AGENCIES, parameters)
            fill_table(connection, "core.agency_set_member", [{"agency_code": f"H58.4{n}"} for n in (0, 1)], parameters)
            whole = {"source": "returns", "valid_to": None, "is_share": "true", "counts": "whole"}
            fill_table(connection, "mart.indicator", [whole | row for row in INDICATORS], parameters)
            fill_table(connection, "mart.task", [*tasks, {"plan_year": "2023", "task_code": "PL.OLD"}], parameters)
        yield own


@pytest.fixture(scope="module")
def rows_judged(login: Login) -> Judged:
    """The file of ROWS, by number from 1."""
    with psycopg.connect(login.conninfo()) as connection:
        response = {"load_id": FILE, "row_no": 1, "received_rows": len(ROWS), "repeated_rows": 0}
        insert_rows(
            connection,
            "staging.returns_response",
            [response | {"asked_to": D, "province_code": "H58", "delimiter": ","}],
        )
        stage_rows(connection, "staging.returns_row", FILE, [row for _, row, _ in ROWS])
    return judge(login, FILE, "returns_row")


@pytest.mark.parametrize("number", range(1, len(ROWS) + 1), ids=lambda number: ROWS[number - 1][0])
def test_row_breaks_these_rules_and_no_other(rows_judged: Judged, number: int) -> None:
    assert rows_judged[1].get(number, set()) == ROWS[number - 1][2]


def test_every_rule_has_a_row_that_breaks_it(rows_judged: Judged) -> None:
    assert {result.rule_id for result in rows_judged[0]} == set().union(*(rules for _, _, rules in ROWS))


def test_file_breaks_the_rule_of_its_mistake_and_no_other(login: Login) -> None:
    wrong: list[tuple[dict[str, Any], set[str]]] = [
        *(({"parse_failure": rule}, {rule}) for rule in REJECTIONS),
        ({"missing_fields": ["Tử số"]}, {"required_field_gone"}),
        ({"unknown_fields": ["Người lập"]}, {"unknown_field"}),
        ({"received_rows": 5}, set()),
    ]
    with psycopg.connect(login.conninfo()) as connection:
        for number, (changes, _) in enumerate(wrong, 1):
            whole = {"load_id": RESPONSES, "row_no": number, "received_rows": 0, "repeated_rows": 0}
            insert_rows(connection, "staging.returns_response", [whole | changes])
    _, broken = judge(login, RESPONSES, "returns_response")
    assert broken == {number: rules for number, (_, rules) in enumerate(wrong, 1) if rules}


def test_rules_have_the_severities_of_the_rulings(login: Login, rows_judged: Judged) -> None:
    found: dict[str, set[str]] = {}
    for result in [*rows_judged[0], *judge(login, UUID(int=3), "returns_response")[0]]:
        found.setdefault(result.severity, set()).add(result.rule_id)
    assert found == SEVERITIES
