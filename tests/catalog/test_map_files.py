"""Mistakes and doubts in agencies and sets; many alike mistakes are listed few times."""

from __future__ import annotations

from pathlib import Path

import pytest

from cchc.catalog import CatalogError, load_catalog
from tests.catalog.small_catalog import AGENCIES, PLAN, SETS, Load, edited


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[district]", "[division]"),
        ("valid_from: 2024-01-01\n    is_list_complete: true", "valid_from: 2042-01-01\n    is_list_complete: false"),
    ],
)
def test_doubt_stops_no_run(load: Load, tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(CatalogError):
        load(edited("agency_sets.yaml", old, new))
    assert load_catalog(tmp_path, "H58").plans


MAP_MISTAKES = [
    ("agency_sets.yaml", "[district]", "[division]",
     "agency_sets.yaml, entry huyen: selects no agency of agencies.csv, correct its levels, codes, name_starts_with"),
    ("agency_sets.yaml", "valid_from: 2024-01-01", "valid_from: 2042-01-01",
     "agency_sets.yaml, entry huyen: selects no agency of agencies.csv, correct its levels, codes, name_starts_with"),
    ("agency_sets.yaml", "valid_from: 2024-01-01\n    is_list_complete: true",
     "valid_from: 2042-01-01\n    is_list_complete: false",
     ('plan_2024.yaml, entry II.1.b-1, field population.set: "huyen" exists on no day of the plan, correct its days in '
      "agency_sets.yaml")),
    ("agency_sets.yaml", "[H58.31]", "[H58.31, H58.32]",
     "agency_sets.yaml, entry huyen: selects no agency of agencies.csv, correct its levels, codes, name_starts_with"),
    ("agencies.csv", "UBND thành phố Mỹ Tho,district,H58,", "UBND thành phố Mỹ Tho,district,H58.31,",
     'agencies.csv, entry H58.31 (line 4), field parent_code: "H58.31" is the agency itself, name the agency above'),
    ("agencies.csv", "UBND thành phố Mỹ Tho,district,H58,", "UBND thành phố Mỹ Tho,district,H58.02,",
     ('agencies.csv, entry H58.31 (line 4), field parent_code: "H58.02" is a department, a district is below province: '
      "correct the code or the level")),
    ("agencies.csv", "UBND thành phố Mỹ Tho,district,", "UBND thành phố Gò Công,district,",
     ('agencies.csv, entry H58.32 (line 6), field name_vi: "UBND thành phố Gò Công" is H58.31 too in these days, '
      "correct the name or take one out")),
    ("agencies.csv", "H58.02,,Sở Nội vụ", "H58.02\u200b,,Sở Nội vụ",
     ('agencies.csv, entry H58.02\\u200b (line 3), field code: "H58.02\\u200b" is no code of an agency, write it as '
      "H58.31: capitals, digits and points")),
    ("agencies.csv", "H58.02,,Sở Nội vụ,department,H58,2024-01-01,2025-07-01,yes,", ",,Sở Nội vụ,department,,,,,x",
     "agencies.csv, line 3, field code: is missing, add it"),
    ("agency_sets.yaml", "[district]", "[quan]",
     'agency_sets.yaml, entry huyen, field levels[0]: "quan" is not one of province, department'),
    ("agency_sets.yaml", "[H58.31]", "[H58.99]",
     'agency_sets.yaml, entry huyen, field except_codes: "H58.99" is not in agencies.csv'),
    ("agency_sets.yaml", "valid_from: 2024-01-01", "valid_from: 2024-01-01\n    valid_to_exclusive: 2024-01-01",
     "agency_sets.yaml, entry huyen, field valid_to_exclusive: 2024-01-01 is not after valid_from 2024-01-01"),
    ("agency_sets.yaml", SETS, SETS + SETS.removeprefix("sets:\n"),
     "agency_sets.yaml, entry huyen, field code: is there 2 times"),
    ("agency_sets.yaml", SETS, "", "agency_sets.yaml: is empty"),
    ("agencies.csv", "gso_code,", "", "agencies.csv, line 1: the columns are not code,gso_code,"),
    ("agencies.csv", "2024-01-01,2024-05-01", "1/1/2024,2024-05-01",
     'agencies.csv, entry H58.32 (line 5), field valid_from: "1/1/2024" is not a day, write it as 2024-12-31'),
    ("agencies.csv", "2024-01-01,2024-05-01", "2024-01-01,2024-06-01",
     "agencies.csv, entry H58.32 (line 6), field valid_from: 2024-05-01: the version from 2024-01-01 is still valid"),
    ("agencies.csv", "2024-01-01,2024-05-01", "2024-05-01,2024-05-01",
     "agencies.csv, entry H58.32 (line 5), field valid_to_exclusive: 2024-05-01 is not after 2024-05-01"),
    ("agencies.csv", "Mỹ Tho,district,H58,2024-01-01,2025-07-01", "Mỹ Tho,district,H58,2024-01-01,",
     'agencies.csv, entry H58.31 (line 4), field parent_code: "H58" is no agency on 2025-07-01'),
    ("agencies.csv", "UBND thành phố Mỹ Tho,district,H58,", "UBND thành phố Mỹ Tho,district,H57,",
     'agencies.csv, entry H58.31 (line 4), field parent_code: "H57" is no agency on 2024-01-01'),
    ("agencies.csv", "UBND thành phố Mỹ Tho,district,H58,", "UBND thành phố Mỹ Tho,district,,",
     "agencies.csv, entry H58.31 (line 4), field parent_code: is empty, name the agency above"),
    ("agencies.csv", "Tỉnh Tiền Giang,province,,", "Tỉnh Tiền Giang,province,H58.02,",
     'agencies.csv, entry H58 (line 2), field parent_code: "H58.02": a province has no parent'),
    ("agencies.csv", "Sở Nội vụ,department", "Sở Nội vụ,sở",
     'agencies.csv, entry H58.02 (line 3), field level: "sở" is not one of'),
    ("agencies.csv", "H58.02,,Sở Nội vụ", "H58.02,,", "agencies.csv, entry H58.02 (line 3), field name_vi: is missing"),
    ("agencies.csv", "2025-07-01,no,", "2025-07-01,maybe,",
     'agencies.csv, entry H58 (line 2), field is_synthetic_code: "maybe" is neither true nor false'),
    ("agencies.csv", "2025-07-01,no,", "2025-07-01,no,a,b",
     "agencies.csv, entry H58 (line 2), field beyond the last column: is not a field"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "message"), MAP_MISTAKES)
def test_a_mistake_in_the_agencies_or_sets_names_its_place(
    load: Load, file: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(CatalogError) as failure:
        load(edited(file, old, new))
    assert any(line.startswith(message) for line in str(failure.value).splitlines()), str(failure.value)


def test_rows_that_a_spreadsheet_leaves_below_a_table_are_left_out(load: Load) -> None:
    assert load({"agencies.csv": AGENCIES + ",,,,,,,,\n" * 3}) == load()


def test_one_wrong_day_of_the_header_is_reported_once_and_not_for_each_indicator(load: Load) -> None:
    with pytest.raises(CatalogError) as failure:
        load(edited("plan_2024.yaml", "valid_from: 2024-01-01\nvalid_to", "valid_from: 2042-01-01\nvalid_to"))
    assert {mistake.entry for mistake in failure.value.mistakes if mistake.file == "plan_2024.yaml"} == {"header"}


def test_alike_mistakes_are_listed_three_times_and_counted(load: Load) -> None:
    entry = PLAN[PLAN.index("      - code:") :]
    entries = "".join(entry.replace("II.1.b-1", f"II.1.b-{number}") for number in range(1, 52))
    header = PLAN[: PLAN.index("      - code:")].replace("valid_from: 2024-01-01", "valid_from: 2024-02-01")
    with pytest.raises(CatalogError) as failure:
        load({"plan_2024.yaml": header + entries})
    lines = str(failure.value).splitlines()
    message = "field targets[0].valid_from: 2024-01-01 is outside the plan, 2024-02-01 to 2024-12-31"
    assert [line for line in lines if "targets[0].valid_from" in line] == [
        f"plan_2024.yaml, entry II.1.b-1, {message}",
        f"plan_2024.yaml, entry II.1.b-2, {message}",
        f"plan_2024.yaml, entry II.1.b-3, {message} (and 48 more such)",
    ]


def test_a_set_without_members_on_the_plan_s_days_is_a_doubt(load: Load) -> None:
    agencies = AGENCIES + "H58.33,,UBND huyện Mới,district,H58,2025-01-01,2025-07-01,yes,\n"
    sets = {"agency_sets.yaml": SETS.replace("[H58.31]", "[H58.31, H58.32]"), "agencies.csv": agencies}
    message = (
        r'entry II.1.b-1, field population.set: "huyen" holds no agency on any day of the plan, correct it in agency_'
    )
    with pytest.raises(CatalogError, match=message):
        load(sets)
