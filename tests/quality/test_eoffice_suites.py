"""The suites of the e-office, by Great Expectations in PostgreSQL: each rule on a row that breaks it and on no other.

All rows are of one load, asked for 1 April to 31 May 2024; each is named by what is wrong with it.
"""

from __future__ import annotations

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
from tests.warehouse.staged_rows import insert_rows, stage_rows

LOAD = UUID(int=1)
RESPONSES = UUID(int=2)
FIRST, LAST = date(2024, 4, 1), date(2024, 5, 31)

GOOD = {
    "agency_code": "H58.01", "day": date(2024, 5, 2), "received": 20, "received_electronic": 15,
    "received_digitised": 5, "sent": 10, "sent_without_paper": 6, "sent_with_paper": 3, "sent_on_paper": 1,
    "secret": 2, "processed_online": 30, "work_files": 5, "work_files_online": 5,
}  # fmt: skip
COUNTS = [column for column in GOOD if column not in ("agency_code", "day")]
OPTIONAL = ["received_electronic", "received_digitised", "sent_on_paper", "secret"]
NOTHING = GOOD | dict.fromkeys(COUNTS, 0)

# The mistake, the row, the rules that it breaks.
ROWS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("nothing", GOOD, set()),
    ("nothing: all zero", NOTHING, set()),
    ("nothing: the first day asked for", GOOD | {"day": FIRST}, set()),
    ("nothing: the last day asked for", GOOD | {"day": LAST}, set()),
    ("nothing: a billion", GOOD | {"received": 10**9}, set()),
    ("nothing: no secret documents among those sent", GOOD | {"secret": 500}, set()),
    ("nothing: only the counts needed", GOOD | dict.fromkeys(OPTIONAL), set()),
    ("agency missing", GOOD | {"agency_code": None}, {"no_agency"}),
    ("day missing", GOOD | {"day": None}, {"no_day"}),
    ("day not read", GOOD | {"day": None, "not_read": ["Ngay: hôm qua"]}, {"no_day"}),
    ("day before the window", GOOD | {"day": date(2024, 3, 31)}, {"day_outside_window"}),
    ("day after the window", GOOD | {"day": date(2024, 6, 1)}, {"day_outside_window"}),
    *((f"{column} negative", NOTHING | {column: -1}, {"negative_count"}) for column in ("work_files_online", "secret")),
    ("part negative", GOOD | {"received_digitised": -1}, {"negative_count"}),
    *((f"{column} too large", GOOD | {column: 10**9 + 1}, {"count_too_large"}) for column in ("received", "secret")),
    *((f"{column} missing", GOOD | {column: None}, {"value_missing"}) for column in COUNTS if column not in OPTIONAL),
    *((f"{column} not read", GOOD | {column: None, "not_read": ["?: ba"]}, {"not_a_number"}) for column in COUNTS),
    ("day and a count not read", GOOD | {"day": None, "sent": None, "not_read": ["Ngay: ?", "VanBanDi: ?"]},
     {"no_day", "not_a_number"}),
    *((f"{column} not whole", GOOD | {column: Decimal(GOOD[column]) - Decimal("0.5")}, {"not_whole"} | also)
      for column, also in {
          "received": {"received_parts_exceed", "processed_over_total"}, "secret": set(), "received_digitised": set(),
          "sent": {"sent_parts_differ", "processed_over_total"}, "processed_online": set(),
          "sent_on_paper": {"sent_parts_differ"}, "work_files_online": set(),
      }.items()),
    ("nothing: a whole number with decimals", GOOD | {"received": Decimal("20.0")}, set()),
    ("kinds of sending below the total", GOOD | {"sent": 11}, {"sent_parts_differ"}),
    ("kinds of sending above the total", GOOD | {"sent": 9, "processed_online": 29}, {"sent_parts_differ"}),
    ("two kinds of sending above the total, without the third", GOOD | {"sent_with_paper": 5, "sent_on_paper": None},
     {"sent_parts_differ"}),
    ("nothing: two kinds of sending within the total", GOOD | {"sent_with_paper": 4, "sent_on_paper": None}, set()),
    ("electronic part above the total", GOOD | {"received_electronic": 21, "received_digitised": None},
     {"received_parts_exceed"}),
    ("digitised part above the total", GOOD | {"received_electronic": None, "received_digitised": 21},
     {"received_parts_exceed"}),
    ("parts above the total together", GOOD | {"received_electronic": 12, "received_digitised": 9},
     {"received_parts_exceed"}),
    ("more documents processed than there are", GOOD | {"processed_online": 31}, {"processed_over_total"}),
    ("more work files processed than there are", GOOD | {"work_files_online": 6}, {"processed_over_total"}),
    ("field unknown", GOOD | {"source_flags": ["unknown_field"]}, {"unknown_field"}),
    ("read with a coercion", GOOD | {"coerced": ["VanBanDi: 10"]}, {"coerced"}),
]  # fmt: skip

RESPONSE = {
    "envelope_code": "0", "received_rows": 5, "rows_total": 5, "repeated_rows": 0, "asked_from": FIRST,
    "asked_to": LAST,
}  # fmt: skip
NOT_READ = RESPONSE | {"envelope_code": None, "received_rows": 0, "rows_total": None}
ANSWERS: list[tuple[dict[str, Any], set[str]]] = [
    (RESPONSE, set()),
    (RESPONSE | {"received_rows": 0, "rows_total": 0}, set()),
    (NOT_READ | {"parse_failure": "not_json"}, {"not_json"}),
    (NOT_READ | {"parse_failure": "wrong_encoding"}, {"wrong_encoding"}),
    # A later page is cut short.
    (RESPONSE | {"parse_failure": "not_json", "received_rows": 3}, {"not_json"}),
    (NOT_READ | {"envelope_code": "-1"}, {"wrong_envelope_code"}),
    (NOT_READ | {"envelope_code": ""}, {"wrong_envelope_code"}),
    (RESPONSE | {"missing_fields": ["VanBanDi"]}, {"required_field_gone"}),
    (RESPONSE | {"received_rows": 4}, {"incomplete_list"}),
    (RESPONSE | {"received_rows": 6}, {"incomplete_list"}),
    # Without a total, or with another on each page, nobody knows it.
    (RESPONSE | {"rows_total": None}, {"incomplete_list"}),
    (RESPONSE | {"repeated_rows": 1}, {"repeated_rows"}),
    (RESPONSE | {"unknown_fields": ["KyTen"]}, {"unknown_field"}),
]

SEVERITIES = {
    "critical": {
        "wrong_encoding", "not_json", "wrong_envelope_code", "required_field_gone", "incomplete_list", "repeated_rows",
    },
    "warning": {
        "no_agency", "no_day", "not_a_number", "not_whole", "negative_count", "count_too_large", "value_missing",
        "day_outside_window",
    },
    "info": {"sent_parts_differ", "received_parts_exceed", "processed_over_total", "unknown_field", "coerced"},
}  # fmt: skip

Judged = tuple[list[RuleResult], dict[int, set[str]]]


@pytest.fixture(scope="module")
def login(cluster: Database) -> Iterator[Login]:
    """A warehouse with the rows and the answers staged."""
    with open_warehouse(cluster, "eoffice_suites") as own:
        with psycopg.connect(own.conninfo()) as connection:
            responses = [{"load_id": LOAD, "row_no": 1, **RESPONSE}]
            responses += [{"load_id": RESPONSES, "row_no": number, **row} for number, (row, _) in enumerate(ANSWERS, 1)]
            insert_rows(connection, "staging.eoffice_response", responses)
            stage_rows(connection, "staging.eoffice_unit_day", LOAD, [row for _, row, _ in ROWS])
        yield own


@pytest.fixture(scope="module")
def rows_judged(login: Login) -> Judged:
    return judge(login, LOAD, "eoffice_unit_day")


@pytest.fixture(scope="module")
def answers_judged(login: Login) -> Judged:
    return judge(login, RESPONSES, "eoffice_response")


@pytest.mark.parametrize("number", range(1, len(ROWS) + 1), ids=lambda number: ROWS[number - 1][0])
def test_row_breaks_these_rules_and_no_other(rows_judged: Judged, number: int) -> None:
    assert rows_judged[1].get(number, set()) == ROWS[number - 1][2]


@pytest.mark.parametrize("number", range(1, len(ANSWERS) + 1))
def test_answer_breaks_these_rules_and_no_other(answers_judged: Judged, number: int) -> None:
    assert answers_judged[1].get(number, set()) == ANSWERS[number - 1][1]


def test_every_rule_has_a_row_that_breaks_it_and_the_severity_of_the_rulings(
    rows_judged: Judged, answers_judged: Judged
) -> None:
    found: dict[str, set[str]] = {}
    for result in [*rows_judged[0], *answers_judged[0]]:
        found.setdefault(result.severity, set()).add(result.rule_id)
        assert result.unexpected_rows > 0, f"no row breaks {result.rule_id}"
    assert found == SEVERITIES
