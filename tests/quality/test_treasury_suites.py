"""The suites of the treasury, by Great Expectations in PostgreSQL: each rule on a row that breaks it and on no other.

All rows are of one load; core has the reports of their projects at other closings. Each is named by its mistake.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
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

LOAD = UUID(int=1)
MILLION, BILLION = 10**6, 10**9
APRIL, MAY, JUNE, JULY = date(2024, 4, 30), date(2024, 5, 31), date(2024, 6, 30), date(2024, 7, 31)

# In triệu đồng.
GOOD = {
    "budget_year": 2024, "closed_on": JUNE, "project_code": "7000001", "fund_code": "100", "plan_kind": "TTG",
    "effective_on": date(2024, 1, 1), "plan": 5000, "carried_over": 0, "completed": 1500, "advance": 250,
    "unit_vnd": MILLION,
}  # fmt: skip
CARRIED = GOOD | {"plan": 0, "carried_over": 800, "completed": 90, "advance": 0}
REVISED = {"effective_on": date(2024, 6, 1)}


def closing(reported: dict[str, Any], **changes: Any) -> dict[str, str | None]:
    """A row of core for the same plan as ``reported``, with ``plan`` and ``paid`` in đồng."""
    row = reported | {"closed_on": MAY, "paid": 1000 * MILLION} | changes
    is_carried_over = reported["carried_over"] > 0
    plan = changes.get("plan", (reported["plan"] + reported["carried_over"]) * MILLION)
    own = {
        "plan_vnd": 0 if is_carried_over else plan,
        "carried_over_vnd": plan if is_carried_over else 0,
        "completed_vnd": row["paid"],
        "is_carried_over": is_carried_over,
    }
    key = ("budget_year", "closed_on", "project_code", "fund_code", "plan_kind", "effective_on")
    return {column: str(value) for column, value in ({name: row[name] for name in key} | own).items()}


def once(**changes: Any) -> list[dict[str, Any]]:
    """A history of one closing, which differs from the row in ``changes``."""
    return [changes]


# The mistake, the row, its history at other closings, the rules that it breaks. Each has a project of its own
# unless it names one.
HISTORIES: list[tuple[str, dict[str, Any], list[dict[str, Any]], set[str]]] = [
    ("nothing: no history", GOOD, [], set()),
    ("nothing: a month more", GOOD, once(), set()),
    ("nothing: plan 299 times what it was", GOOD | {"plan": 299}, once(plan=MILLION, paid=0), {"paid_over_plan"}),
    ("plan 300 times what it was", GOOD | {"plan": 300}, once(plan=MILLION, paid=0), {"paid_over_plan", "unit_slip"}),
    ("plan a 300th of what it was", GOOD, once(plan=300 * 5 * BILLION), {"unit_slip"}),
    ("nothing: plan a 299th of what it was", GOOD, once(plan=299 * 5 * BILLION), set()),
    ("triệu called tỷ", GOOD | {"unit_vnd": BILLION}, once(), {"unit_slip"}),
    ("nothing: first plan after none", GOOD, once(plan=0, paid=0), set()),
    ("nothing: plan withdrawn", GOOD | {"plan": 0, "completed": 0, "advance": 0}, once(), set()),
    ("nothing: first payment after a small advance", GOOD, once(paid=1), set()),
    ("payments 300 times as high and over the plan", GOOD | {"completed": 6000}, once(paid=6250 * MILLION // 300),
     {"unit_slip", "paid_over_plan"}),
    ("nothing: payments over the plan but no slip", GOOD | {"completed": 6000}, once(paid=6250 * MILLION // 300 + 1),
     {"paid_over_plan"}),
    ("payments a 300th of what they were", GOOD, once(paid=300 * 1750 * MILLION), {"unit_slip"}),
    ("nothing: payments a 299th of what they were", GOOD, once(paid=299 * 1750 * MILLION), set()),
    ("nothing: all payments reversed", GOOD | {"completed": 0, "advance": 0}, once(paid=1750 * MILLION), set()),
    ("nothing: more reversed than paid", GOOD | {"completed": -2, "advance": 0}, once(), {"negative_paid"}),
    ("the nearest earlier closing counts", GOOD, [{"closed_on": APRIL}, {"plan": BILLION * 1500}, {"closed_on": JULY}],
     {"unit_slip"}),
    ("nothing: not one before it", GOOD, [{"closed_on": APRIL, "plan": BILLION * 1500}, {"closed_on": MAY}], set()),
    ("nothing: nor a later one", GOOD, [{"closed_on": MAY}, {"closed_on": JULY, "plan": BILLION * 1500}], set()),
    ("without an earlier closing a later one", GOOD, once(closed_on=JULY, plan=BILLION * 1500), {"unit_slip"}),
    ("nothing: the closing that it corrects", GOOD, once(closed_on=JUNE, plan=BILLION * 1500), set()),
    ("nothing: another budget year", GOOD, once(budget_year=2023, plan=BILLION * 1500), set()),
    ("nothing: another fund", GOOD, once(fund_code="200", plan=BILLION * 1500), set()),
    ("nothing: another kind of plan", GOOD, once(plan_kind="HDND", plan=BILLION * 1500), set()),
    ("new version against the one before", GOOD | REVISED | {"plan": 5},
     once(effective_on=date(2024, 1, 1), plan=5 * BILLION, paid=0), {"unit_slip", "paid_over_plan"}),
    ("nothing: a version against itself", GOOD, [{}, REVISED | {"plan": BILLION * 1500, "paid": 0}], set()),
    ("nothing: a new version takes over what was paid", GOOD | REVISED,
     once(effective_on=date(2024, 1, 1), paid=1600 * MILLION), set()),
    ("carried-over capital a 300th of what it was", CARRIED, once(plan=300 * 800 * MILLION), {"unit_slip"}),
    ("nothing: carried-over capital as it was", CARRIED, once(), set()),
]  # fmt: skip

# The mistake, the row, the rules that it breaks.
ROWS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("nothing: the council's plan", GOOD | {"plan_kind": "HDND"}, set()),
    ("nothing: in đồng", GOOD | {"plan": 5 * BILLION, "completed": 1, "advance": 2, "unit_vnd": 1}, set()),
    ("nothing: in tỷ đồng", GOOD | {"plan": 5, "completed": 1, "advance": 0, "unit_vnd": BILLION}, set()),
    ("nothing: least plan", GOOD | {"plan": 1, "completed": 0, "advance": 0}, set()),
    ("nothing: greatest plan", GOOD | {"plan": 10**8}, set()),
    ("nothing: no plan and no payment", GOOD | {"plan": 0, "completed": 0, "advance": 0}, set()),
    ("project missing", GOOD | {"project_code": None}, {"no_project"}),
    ("project 0000000", GOOD | {"project_code": "0000000"}, {"no_project"}),
    ("project of six digits", GOOD | {"project_code": "700001"}, {"no_project"}),
    ("project of letters", GOOD | {"project_code": "70000A1"}, {"no_project"}),
    *((f"{column} missing", GOOD | {column: None}, {"value_missing"})
      for column in ("budget_year", "fund_code", "plan", "carried_over", "completed", "advance")),
    *((f"{column} not read", GOOD | {column: None, "not_read": ["?: ba"]}, {"not_a_number"})
      for column in ("budget_year", "plan", "carried_over", "completed", "advance")),
    ("fund not read", GOOD | {"fund_code": None, "not_read": ["MaNguonVon: ?"]}, {"value_missing"}),
    ("unit missing", GOOD | {"unit_vnd": None}, {"unknown_unit"}),
    ("unit not read", GOOD | {"unit_vnd": None, "not_read": ["DonViTien: ?"]}, {"unknown_unit", "not_a_number"}),
    ("unit of a thousand", GOOD | {"unit_vnd": 1000}, {"unknown_unit"}),
    ("kind of plan missing", GOOD | {"plan_kind": None}, {"unknown_plan_kind"}),
    ("kind of plan unknown", GOOD | {"plan_kind": "UBND"}, {"unknown_plan_kind"}),
    ("closing day missing", GOOD | {"closed_on": None}, {"day_not_read"}),
    ("day of effect not read", GOOD | {"effective_on": None, "not_read": ["NgayHieuLuc: ?"]}, {"day_not_read"}),
    ("day of effect and plan not read", GOOD | {"effective_on": None, "plan": None, "not_read": ["?: ?", "?: ?"]},
     {"day_not_read", "not_a_number"}),
    ("plan negative", GOOD | {"plan": -1, "completed": -2, "advance": 0}, {"negative_plan", "negative_paid"}),
    ("carried-over plan negative", CARRIED | {"carried_over": -1, "completed": -2}, {"negative_plan", "negative_paid"}),
    ("advance negative", GOOD | {"advance": -1}, {"negative_paid"}),
    ("plan below a million đồng", GOOD | {"plan": 999_999, "completed": 0, "advance": 0, "unit_vnd": 1},
     {"implausible_amount"}),
    ("carried-over plan below a million đồng", CARRIED | {"carried_over": 90, "unit_vnd": 1}, {"implausible_amount"}),
    ("plan over 10^14", GOOD | {"plan": 10**8 + 1}, {"implausible_amount"}),
    ("carried-over plan over 10^14", CARRIED | {"carried_over": 10**8 + 1}, {"implausible_amount"}),
    ("own plan and carried-over in one row", GOOD | {"carried_over": 800}, {"carried_over_with_plan"}),
    ("paid over the plan", GOOD | {"completed": 4751}, {"paid_over_plan"}),
    ("nothing: all of the plan paid", GOOD | {"completed": 4750}, set()),
    ("reported twice, first", GOOD | {"project_code": "7999991"}, {"repeated_row"}),
    ("reported twice, second", GOOD | {"project_code": "7999991", "completed": 1}, {"repeated_row"}),
    ("carried over, reported twice with another amount", CARRIED | {"project_code": "7999992"}, {"repeated_row"}),
    ("carried over, its second", CARRIED | {"project_code": "7999992", "carried_over": 801}, {"repeated_row"}),
    ("nothing: own capital of a project", GOOD | {"project_code": "7999993"}, set()),
    ("nothing: its carried-over capital", CARRIED | {"project_code": "7999993"}, set()),
    ("nothing: its next version", GOOD | {"project_code": "7999993", **REVISED}, set()),
    ("nothing: its plan by the council", GOOD | {"project_code": "7999993", "plan_kind": "HDND"}, set()),
    ("nothing: its plan from another fund", GOOD | {"project_code": "7999993", "fund_code": "200"}, set()),
    ("nothing: its closing before", GOOD | {"project_code": "7999993", "closed_on": MAY}, set()),
    ("amount in a hidden row", GOOD | {"plan": None, "not_read": ["KeHoachVon: 5 (ẩn)"], "unseen": ["KeHoachVon"]},
     {"unseen_cell"}),
    ("row of too many fields", dict.fromkeys(GOOD) | {"field_count": 16}, {"wrong_field_count"}),
    ("amount with a percent sign", GOOD | {"percent": ["KeHoachVon"]}, {"percent"}),
    ("ambiguous amount in a file of commas", GOOD | {"ambiguous_numbers": ["KeHoachVon: 49,384"]},
     {"ambiguous_number"}),
    ("closing day of another calendar", GOOD | {"closed_on": date(2020, 12, 30)}, {"implausible_day"}),
    ("day of effect of another calendar", GOOD | {"effective_on": date(2019, 12, 31)}, {"implausible_day"}),
    ("nothing: a plan of December before", GOOD | {"effective_on": date(2023, 12, 8)}, set()),
    ("field unknown", GOOD | {"source_flags": ["unknown_field"]}, {"unknown_field"}),
    ("read with a coercion", GOOD | {"coerced": ["KeHoachVon: 5000"]}, {"coerced"}),
]  # fmt: skip

REJECTIONS = (
    "not_a_workbook", "protected_workbook", "macro_workbook", "too_large", "compression_bomb", "formula_error",
    "no_headings", "hidden_sheets", "wrong_encoding", "no_rows",
)  # fmt: skip
ANSWER = {
    "envelope_code": "0", "received_rows": 1, "rows_total": 1, "repeated_rows": 0, "asked_from": date(2024, 1, 1),
    "asked_to": JUNE,
}  # fmt: skip
FILE = ANSWER | {"envelope_code": None, "rows_total": None, "asked_from": None}
# The answer or file, its one row, the rules that it breaks.
ANSWERS: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    (ANSWER, GOOD, set()),
    (FILE, GOOD, set()),
    (FILE, GOOD | {"closed_on": MAY}, set()),
    (FILE, GOOD | {"budget_year": 2023}, set()),
    *((FILE | {"parse_failure": rule}, GOOD, {rule}) for rule in REJECTIONS),
    (ANSWER | {"parse_failure": "not_json", "envelope_code": None}, GOOD, {"not_json"}),
    (ANSWER | {"envelope_code": "401"}, GOOD, {"wrong_envelope_code"}),
    (ANSWER | {"missing_fields": ["DonViTien"]}, GOOD, {"required_field_gone"}),
    (ANSWER | {"rows_total": 2}, GOOD, {"incomplete_list"}),
    (ANSWER | {"rows_total": None}, GOOD, {"incomplete_list"}),
    (ANSWER | {"repeated_rows": 1}, GOOD, {"repeated_rows"}),
    (ANSWER | {"unknown_fields": ["MaTABMIS"]}, GOOD, {"unknown_field"}),
    (ANSWER, GOOD | {"closed_on": MAY}, {"wrong_closing_day"}),
    (ANSWER, GOOD | {"budget_year": 2023}, {"wrong_closing_day"}),
    (FILE, GOOD | {"closed_on": JULY}, {"wrong_closing_day"}),  # it isn't over yet
]

SEVERITIES = {
    "critical": {
        *REJECTIONS, "not_json", "wrong_envelope_code", "required_field_gone", "incomplete_list", "repeated_rows",
        "wrong_closing_day",
    },
    "warning": {
        "no_project", "not_a_number", "value_missing", "unknown_plan_kind", "unknown_unit", "negative_plan",
        "day_not_read", "unit_slip", "implausible_amount", "repeated_row", "carried_over_with_plan",
        "wrong_field_count", "unseen_cell", "percent", "ambiguous_number", "implausible_day",
    },
    "info": {"paid_over_plan", "negative_paid", "unknown_field", "coerced"},
}  # fmt: skip

Judged = tuple[list[RuleResult], dict[int, set[str]]]


def list_cases() -> list[tuple[str, dict[str, Any], list[dict[str, Any]], set[str]]]:
    """All rows of the load, each of a project of its own unless it names one: history can't mix."""
    cases = [*HISTORIES, *((name, row, [], rules) for name, row, rules in ROWS)]
    return [
        (
            name,
            row | ({"project_code": str(7_100_000 + number)} if row["project_code"] == "7000001" else {}),
            history,
            rules,
        )
        for number, (name, row, history, rules) in enumerate(cases)
    ]


CASES = list_cases()


@pytest.fixture(scope="module")
def login(cluster: Database) -> Iterator[Login]:
    """A warehouse with the histories in core, and the rows and the answers staged."""
    with open_warehouse(cluster, "treasury_suites") as own:
        with psycopg.connect(own.conninfo()) as connection:
            history = [closing(row, **changes) for _, row, reports, _ in CASES for changes in reports]
            fill_table(connection, "core.disbursement", history, {"source": "treasury", "province": "H58"})
            insert_rows(
                connection, "staging.treasury_response", [{"load_id": LOAD, "row_no": 1, "delimiter": ",", **ANSWER}]
            )
            stage_rows(connection, "staging.treasury_row", LOAD, [row for _, row, _, _ in CASES])
            for number, (answer, row, _) in enumerate(ANSWERS, 2):
                insert_rows(
                    connection, "staging.treasury_response", [{"load_id": UUID(int=number), "row_no": 1, **answer}]
                )
                stage_rows(connection, "staging.treasury_row", UUID(int=number), [row])
        yield own


@pytest.fixture(scope="module")
def rows_judged(login: Login) -> Judged:
    return judge(login, LOAD, "treasury_row")


@pytest.mark.parametrize("number", range(1, len(CASES) + 1), ids=lambda number: CASES[number - 1][0])
def test_row_breaks_these_rules_and_no_other(rows_judged: Judged, number: int) -> None:
    assert rows_judged[1].get(number, set()) == CASES[number - 1][3]


@pytest.fixture(scope="module")
def answers_judged(login: Login) -> list[Judged]:
    return [judge(login, UUID(int=number), "treasury_response") for number in range(2, len(ANSWERS) + 2)]


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_answer_or_file_breaks_these_rules_and_no_other(answers_judged: list[Judged], number: int) -> None:
    assert answers_judged[number][1].get(1, set()) == ANSWERS[number][2]


def test_every_rule_has_a_row_that_breaks_it_and_the_severity_of_the_rulings(
    rows_judged: Judged, answers_judged: list[Judged]
) -> None:
    shown = {rule for _, broken in [rows_judged, *answers_judged] for rules in broken.values() for rule in rules}
    found: dict[str, set[str]] = {}
    for result in [*rows_judged[0], *answers_judged[0][0]]:
        found.setdefault(result.severity, set()).add(result.rule_id)
    assert found == SEVERITIES
    assert shown == set().union(*SEVERITIES.values())
