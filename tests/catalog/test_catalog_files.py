"""Mistakes in the catalog's files name file, entry, field and remedy, all at once."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.catalog import CatalogError, indicator_rows, load_catalog
from cchc.mistake import Mistake
from cchc.sources.profile import ProfileError, ProfilesRead
from cchc.strict_yaml import read_document
from tests.catalog.small_catalog import AGENCIES, FILES, PLAN, Load, edited

TARGETS = "targets: [{valid_from: 2024-01-01, value: 45}]"
REPORTED = "targets: [{valid_from: 2024-01-01, value: null, reason_vi: Không nêu}]\n        is_target_reported: true"
JUDGED = "judged: as_reported"
STEPS = "milestones: [{by: 2024-03-31, value: 20}, {by: 2024-12-30, value: 45}]"
POPULATION = "population: {set: huyen, levels: [province, district]}"
PLAN_MISTAKES = [
    ('comparator: ">="', 'comparator: "=>"', 'comparator: "=>" is not one of >=, >, ='),
    ("judged: as_reported", "judged: sometimes",
     'judged: "sometimes" is not one of as_reported, year_end, yearly_survey'),
    ("        unit: \"%\"\n", "", "unit: is missing, add it"),
    ("        counts: whole\n", "", "counts: is missing, add it"),
    ("counts: whole", "counts: money", 'counts: "money" is not one of whole, amount, rate'),
    ("counts: whole", "counts: rate\n        is_share: false",
     "counts: rate goes with a share, write whole or amount beside is_share: false"),
    ("counts: whole", "counts: rate\n        roll_up: pooled",
     "counts: rate doesn't fit roll_up: pooled, percentages of several agencies have no sum"),
    ("counts: whole", "counts: amount\n        roll_up: share_of_agencies",
     "counts: amount doesn't fit roll_up: share_of_agencies, agencies are counted: write whole"),
    ("counts: whole", "counts: whole\n        may_exceed_100: true\n        is_share: false",
     "may_exceed_100: goes with a share, take it out beside is_share: false"),
    ("counts: whole", 'counts: whole\n        may_exceed_100: "no"',
     'may_exceed_100: "no" is neither true nor false (in a table: yes nor no)'),
    ("ruling: The portal's counters.", "ruling:", 'ruling: "None" is not text, write it in quotes'),
    ("short_name_vi: Thanh toán", f"short_name_vi: {'á' * 37}",
     f'short_name_vi: "{"á" * 37}" is too long, shorten it to 36 characters'),
    ("value: 45}", 'value: "45"}',
     'targets[0].value: "45" is not a number, write it without quotes and with a point: 9.5'),
    ("value: 45}", "value: 9,5}", "targets[0].5: is a number without a name, write a decimal with a point: 9.5"),
    ("value: 45}", "value: true}",
     'targets[0].value: "True" is not a number, write it without quotes and with a point: 9.5'),
    ("value: 45}", "value: null}",
     "targets[0].reason_vi: goes with value: null, give the value or the reason why there is none"),
    ('comparator: ">="', "comparator: null", "comparator: is missing for a target that has a value, add >=, > or ="),
    (TARGETS, "targets: []", "targets: is empty, fill it in"),
    (TARGETS, "targets: 45", 'targets: "45" is not a list, write it as [a, b]'),
    (TARGETS, "targets: [45]", 'targets[0]: "45" is no group of fields, write it as {field: value}'),
    ("{valid_from: 2024-01-01, value", "{valid_from: 2024-02-30, value",
     'targets[0].valid_from: "2024-02-30" is not a day, write it as 2024-12-31'),
    ("{valid_from: 2024-01-01, value", "{valid_from: 2025-01-01, value",
     "targets[0].valid_from: 2025-01-01 is outside the plan, 2024-01-01 to 2024-12-31"),
    ("value: 45}", "valid_to: 2023-12-31, value: 45}",
     "targets[0].valid_to: 2023-12-31 is before valid_from 2024-01-01, correct one"),
    ("value: 45}", "value: 45}, {valid_from: 2024-01-01, value: 50}",
     "targets: two targets are in force on 2024-01-01, end the first before it"),
    ("value: 45}", "valid_to: 2024-07-01, value: 45}, {valid_from: 2024-07-01, value: 50}",
     "targets: two targets are in force on 2024-07-01, end the first before it"),
    ("judged: as_reported", "judged: yearly_survey",
     "published_on: goes with judged: yearly_survey, give both or neither"),
    ("set: huyen", "set: quan", 'population.set: "quan" is not in agency_sets.yaml, add or correct it'),
    ("[province, district]", "[district]",
     "population.levels: has no province, add it: the province has a row for every indicator"),
    ("[province, district]", "[province, province]", "population.levels: names a level twice, keep one"),
    ("lead_agency_code: H58.02", "lead_agency_code: H58.99",
     'lead_agency_code: "H58.99" is not in agencies.csv, add or correct it'),
    ("metric: national_portal.online_payment", "metric: treasury.paid",
     'metric: "treasury.paid" doesn\'t fit source national_portal, write national_portal.<name>'),
    ("metric: national_portal.online_payment", "metric: national_portal.disclosed_in_full",
     'metric: "national_portal.disclosed_in_full" may be gone by national_portal.yaml, take required: false out there'),
    ("source: one_stop\n            metric: one_stop.paid_on_national_portal",
     "metric: national_portal.petition_satisfaction",
     ('variants[0].metric: "national_portal.petition_satisfaction" may be gone by national_portal.yaml, '
      "take required: false out there")),
    ("source: national_portal", "source: none",
     'metric: "national_portal.online_payment" doesn\'t fit source none, leave it out'),
    ("        metric: national_portal.online_payment\n", "",
     'metric: "" doesn\'t fit source national_portal, write national_portal.<name>'),
    ("variant: portal_only", "variant: primary",
     'variants[0].variant: "primary" is there already, choose another name'),
    ("source: one_stop", "source: eoffice",
     'variants[0].metric: "one_stop.paid_on_national_portal" doesn\'t fit source eoffice, write eoffice.<name>'),
    ("source: one_stop\n", "source: one_stop\n            population: {set: quan, levels: [province]}\n",
     'variants[0].population.set: "quan" is not in agency_sets.yaml, add or correct it'),
    (POPULATION, "population: {levels: [province, district]}\n        roll_up: pooled",
     "population.set: is missing for roll_up: pooled, name the set whose agencies it is made of"),
    (POPULATION, POPULATION + "\n        roll_up: pooled\n        reported_for: province",
     "reported_for: province leaves no agencies for roll_up: pooled, write agencies"),
    (POPULATION, POPULATION + "\n        roll_up: share_of_agencies\n        is_share: false",
     "is_share: false doesn't fit roll_up: share_of_agencies, whose value is a share of agencies"),
    (POPULATION, POPULATION + "\n        roll_up: sum",
     'roll_up: "sum" is not one of own, pooled, share_of_agencies, agencies_attaining'),
    ("source: one_stop\n", "source: one_stop\n            roll_up: agencies_attaining\n",
     ('variants[0].metric: "one_stop.paid_on_national_portal" isn\'t what the agencies are judged by, '
      "write national_portal.online_payment")),
    ("source: one_stop\n",
     "source: one_stop\n            roll_up: pooled\n            population: {levels: [province]}\n",
     "variants[0].population.set: is missing for roll_up: pooled, name the set whose agencies it is made of"),
    (TARGETS, REPORTED, "is_target_reported: goes with is_share: false, the denominator can't be divisor and target"),
    (TARGETS, f"{REPORTED}\n        is_share: false\n        roll_up: pooled",
     "is_target_reported: doesn't fit roll_up: pooled, a target is reported with its own value"),
    (f'comparator: ">="\n        {TARGETS}', f"comparator: null\n        {REPORTED}\n        is_share: false",
     "comparator: is missing for a target that is reported, add >=, > or ="),
    (TARGETS, f"{TARGETS}\n        is_target_reported: true\n        is_share: false",
     "targets[0].value: 45 is there though is_target_reported, write null"),
    ('unit: "%"', 'unit: "%"\n        units: "%"',
     "units: is not a field of this entry, correct its name or take it out"),
    ('        unit: "%"\n', '        unit: "%"\n        unit: điểm\n', "unit: is written twice (line 16), keep one"),
]  # fmt: skip


def test_indicator_of_a_source_with_an_invalid_profile_stays(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    error = ProfileError([Mistake("national_portal.yaml", "", "owner", "is missing, add it")])
    monkeypatch.setattr("cchc.catalog.loading.read_all_profiles", lambda: ProfilesRead((), {"national_portal": error}))
    assert [indicator.code for plan in load().plans for indicator in plan.indicators] == ["II.1.b-1"]
    monkeypatch.setattr("cchc.catalog.loading.read_all_profiles", lambda: ProfilesRead((), {}))
    with pytest.raises(CatalogError, match='"national_portal" is no source of include/sources/'):
        load()


@pytest.mark.parametrize(("old", "new", "message"), PLAN_MISTAKES)
def test_a_mistake_in_an_indicator_names_entry_and_field(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogError) as failure:
        load(edited("plan_2024.yaml", old, new))
    assert str(failure.value) == f"plan_2024.yaml, entry II.1.b-1, field {message}"


MILESTONE_MISTAKES = [
    ("[{by: 2024-06-30, value: 45.1}]", "[0].value: 45.1 is not between 0 and the target 45, correct one"),
    ("[{by: 2024-06-30, value: -1}]", "[0].value: -1 is not between 0 and the target 45, correct one"),
    ("[{by: 2023-12-31, value: 9}]",
     "[0].by: 2023-12-31 is not in the plan before the year closes, correct the day"),
    ("[{by: 2024-12-31, value: 9}]",
     "[0].by: 2024-12-31 is not in the plan before the year closes, correct the day"),
    ("[{by: 2024-06-30, value: 9}, {by: 2024-06-30, value: 9}]",
     "[1].by: 2024-06-30 is not after 2024-06-30, write them in their order"),
    ("[{by: 2024-03-31, value: 20}, {by: 2024-06-30, value: 19.9}]",
     "[1].value: 19.9 is below 20, the one before, correct one"),
    ("[{by: 30/06/2024, value: 20}]", '[0].by: "30/06/2024" is not a day, write it as 2024-12-31'),
    ("40", ': "40" is not a list, write it as [a, b]'),
]  # fmt: skip


@pytest.mark.parametrize(("written", "message"), MILESTONE_MISTAKES)
def test_a_mistake_in_the_milestones_names_entry_and_field(load: Load, written: str, message: str) -> None:
    with pytest.raises(CatalogError) as failure:
        load(edited("plan_2024.yaml", JUDGED, f"judged: year_end\n        milestones: {written}"))
    assert str(failure.value) == f"plan_2024.yaml, entry II.1.b-1, field milestones{message}"


@pytest.mark.parametrize(
    ("target", "judged", "message"),
    [
        ("value: 45", "as_reported", "go with judged: year_end, write that or take them out"),
        ("value: null, reason_vi: Chưa nêu", "year_end", "lead to a target that isn't known, take them out"),
    ],
)
def test_milestones_without_a_year_s_end_or_a_target_are_a_mistake(
    load: Load, target: str, judged: str, message: str
) -> None:
    entry = f"targets: [{{valid_from: 2024-01-01, {target}}}]\n        judged: {judged}\n        {STEPS}"
    with pytest.raises(CatalogError) as failure:
        load(edited("plan_2024.yaml", f"{TARGETS}\n        {JUDGED}", entry))
    assert str(failure.value) == f"plan_2024.yaml, entry II.1.b-1, field milestones: {message}"


def test_a_roll_up_of_variants_is_a_mistake_in_an_indicator(load: Load) -> None:
    with pytest.raises(CatalogError, match=r"entry II\.1\.b-1, field roll_up: agencies_attaining is for variants: "):
        load(edited("plan_2024.yaml", POPULATION, POPULATION + "\n        roll_up: agencies_attaining"))


FIGURE = "source: national_portal\n        metric: national_portal.online_payment"


@pytest.mark.parametrize("name", ["II.1.b-1", "II.2.pooled"])
def test_a_returns_metric_is_named_after_its_indicator_or_derived(load: Load, name: str) -> None:
    catalog = load(edited("plan_2024.yaml", FIGURE, f"source: returns\n        metric: returns.{name}"))
    assert catalog.plans[0].indicators[0].metric == f"returns.{name}"


def test_a_returns_metric_of_another_indicator_is_a_mistake(load: Load) -> None:
    with pytest.raises(
        CatalogError,
        match=r'field metric: "returns\.II\.2-1" is no metric of returns\.yaml, it has returns\.II\.1\.b-1, ',
    ):
        load(edited("plan_2024.yaml", FIGURE, "source: returns\n        metric: returns.II.2-1"))


HEADER_MISTAKES = [
    ("year: 2024\n", "year: 2023\n", "header, field valid_from: 2024-01-01 is not in the plan's year 2023"),
    ("year: 2024\n", 'year: "2024"\n', 'header, field year: "2024" is not a whole number'),
    ("valid_to: 2024-12-31", "valid_to: 2023-12-31",
     "header, field valid_to: 2023-12-31 is before valid_from 2024-01-01"),
    ("signed_on: 2024-01-11\n", "", "header, field signed_on: is missing"),
    ("signed_on: 2024-01-11\n", "signed_on: 2042-01-11\n",
     "header, field signed_on: 2042-01-11 is neither in the plan's year 2024 nor in the one before, correct it"),
    ("signed_on: 2024-01-11\n", "signed_on: 2024-01-11\nseal: true\n", "header, field seal: is not a field"),
    ("year: 2024\n", "year: 2024\nyear: 2024\n", "top of the file, field year: is written twice (line 2)"),
    ("    indicators:", "    items:", "clause II.1.b, field indicators: is no list of entries"),
    ("clauses:", "clause:", "header, field clauses: is no list of entries"),
    ("year: 2024\n", "year: [2024\n", "is not readable as YAML: "),
    ("year: 2024\n", "{year: 2024}: 2024\n", "is not readable as YAML: a field's name is text"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), HEADER_MISTAKES)
def test_a_mistake_outside_the_indicators_names_its_place(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogError) as failure:
        load(edited("plan_2024.yaml", old, new))
    assert "plan_2024.yaml" in str(failure.value)
    assert message in str(failure.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 45", "value: 450",
         "450 is more than 100 percent of a share, correct it (or write may_exceed_100: true)"),
        ("value: 45", "value: -45", "-45 is below 0, correct it"),
        ("value: 45}]\n        judged", "value: -45}]\n        is_share: false\n        judged",
         "-45 is below 0, correct it"),
    ],
)  # fmt: skip
def test_a_target_that_no_share_or_count_can_have_is_a_mistake(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogError) as failure:
        load(edited("plan_2024.yaml", old, new))
    assert str(failure.value) == f"plan_2024.yaml, entry II.1.b-1, field targets[0].value: {message}"


def test_a_share_that_may_exceed_100_percent_has_such_a_target(load: Load) -> None:
    load(edited("plan_2024.yaml", "value: 45}]", "value: 450}]\n        may_exceed_100: true"))


def test_a_repeated_code_is_a_mistake(load: Load) -> None:
    entry = PLAN[PLAN.index("      - code:") :]
    with pytest.raises(CatalogError, match=r"plan_2024.yaml, entry II.1.b-1, field code: is there 2 times"):
        load({"plan_2024.yaml": PLAN + entry})


def test_all_mistakes_of_a_file_are_reported_at_once(load: Load) -> None:
    wrong = (
        PLAN.replace('">="', '"=>"').replace("period: year_to_date", "period: daily").replace("year: 2024", "year: x")
    )
    with pytest.raises(CatalogError) as failure:
        load({"plan_2024.yaml": wrong})
    assert [(mistake.entry, mistake.field) for mistake in failure.value.mistakes] == [
        ("header", "year"),
        ("entry II.1.b-1", "comparator"),
        ("entry II.1.b-1", "period"),
    ]


def test_two_plans_of_one_province_and_year_are_a_mistake(load: Load) -> None:
    with pytest.raises(CatalogError, match=r"plan_b.yaml, header, field year: 2024 is planned in plan_2024.yaml too"):
        load({"plan_b.yaml": PLAN})


def test_a_missing_file_is_reported(load: Load, tmp_path: Path) -> None:
    load()
    (tmp_path / "agencies.csv").unlink()
    with pytest.raises(CatalogError, match=r"^agencies\.csv: there is no such file"):
        load_catalog(tmp_path, "H58")


def test_a_file_in_another_encoding_is_reported(load: Load, tmp_path: Path) -> None:
    load()
    (tmp_path / "agencies.csv").write_bytes(AGENCIES.encode("utf-16"))
    with pytest.raises(CatalogError, match=r"^agencies\.csv: is not UTF-8 at byte 0, save it as UTF-8$"):
        load_catalog(tmp_path, "H58")


def test_a_province_without_a_plan_is_a_mistake(load: Load) -> None:
    with pytest.raises(CatalogError, match=r"no plan of province H85, add one \(found: H58\)"):
        load(province="H85")


def test_plans_of_other_provinces_are_skipped(load: Load) -> None:
    others = PLAN.replace("province: H58", "province: H44").replace('">="', '"=>"')
    catalog = load({"plan_2024_h44.yaml": others})
    assert [plan.province for plan in catalog.plans] == ["H58"]


def test_a_province_without_agencies_in_the_file_is_fine(load: Load) -> None:
    catalog = load({"plan_2024_h44.yaml": PLAN.replace("province: H58", "province: H44")}, province="H44")
    assert [plan.province for plan in catalog.plans] == ["H44"]
    only_header = AGENCIES.splitlines()[0] + "\n"
    assert load({"agencies.csv": only_header}).agencies == ()


def test_files_saved_by_other_editors_read_the_same(load: Load, tmp_path: Path) -> None:
    expected = load()
    for name, text in FILES.items():
        decomposed = unicodedata.normalize("NFD", text).replace("\n", "\r\n")
        assert decomposed != text
        (tmp_path / name).write_text(decomposed, encoding="utf-8-sig", newline="")
    assert load_catalog(tmp_path, "H58") == expected


def test_a_new_target_takes_effect_without_an_edit_of_the_old_one(load: Load) -> None:
    catalog = load(edited("plan_2024.yaml", "value: 45}]", "value: 45}, {valid_from: 2024-07-01, value: 50.5}]"))
    primary = [row for row in indicator_rows(catalog) if row["variant"] == "primary"]
    assert [(row["valid_from"], row["valid_to_exclusive"], row["target"]) for row in primary] == [
        (date(2024, 1, 1), date(2024, 7, 1), Decimal(45)),
        (date(2024, 7, 1), None, Decimal("50.5")),
    ]


def test_a_target_is_in_force_on_its_last_day_and_no_longer(load: Load) -> None:
    two = "valid_to: 2024-06-30, value: 45}, {valid_from: 2024-07-01, value: 50}]"
    catalog = load(edited("plan_2024.yaml", "value: 45}]", two))
    assert {row["valid_to_exclusive"] for row in indicator_rows(catalog)} == {date(2024, 7, 1), None}


def test_a_metric_that_the_source_does_not_have_is_a_mistake(load: Load) -> None:
    with pytest.raises(
        CatalogError, match=r'field metric: "national_portal\.online_paymnt" is no metric of national_portal'
    ):
        load(edited("plan_2024.yaml", "national_portal.online_payment", "national_portal.online_paymnt"))


def test_milestones_apply_to_every_variant_without_its_own(load: Load) -> None:
    plan = PLAN.replace(JUDGED, f"judged: year_end\n        {STEPS}")
    variants = plan[plan.index("          - variant:") : plan.index("        lead_agency_vi")]
    others = variants.replace("portal_only", "with_its_own") + "            milestones: [{by: 2024-06-30, value: 1}]\n"
    none = variants.replace("portal_only", "without") + "            milestones: []\n"
    catalog = load({"plan_2024.yaml": plan.replace(variants, variants + others + none)})
    steps = {row["variant"]: (row["milestone_days"], row["milestone_values"]) for row in indicator_rows(catalog)}
    assert steps == {
        "primary": ([date(2024, 3, 31), date(2024, 12, 30)], [20, 45]),
        "portal_only": ([date(2024, 3, 31), date(2024, 12, 30)], [20, 45]),
        "with_its_own": ([date(2024, 6, 30)], [1]),
        "without": ([], []),
    }


def test_milestones_above_the_target_of_a_variant_are_a_mistake_there_alone(load: Load) -> None:
    plan = PLAN.replace(JUDGED, f"judged: year_end\n        {STEPS}")
    lower = "            targets: [{valid_from: 2024-01-01, value: 30}]\n            source: one_stop"
    with pytest.raises(CatalogError) as failure:
        load({"plan_2024.yaml": plan.replace("            source: one_stop", lower)})
    assert [(mistake.field, mistake.text) for mistake in failure.value.mistakes] == [
        ("variants[0].milestones[1].value", "45 is not between 0 and the target 30, correct one")
    ]


def test_milestones_lie_below_every_target_of_the_year(load: Load) -> None:
    steps = f"{TARGETS[:-1]}, {{valid_from: 2024-07-01, value: 40}}]\n        judged: year_end\n        {STEPS}"
    with pytest.raises(CatalogError, match=r"milestones\[1\]\.value: 45 is not between 0 and the target 40"):
        load(edited("plan_2024.yaml", f"{TARGETS}\n        {JUDGED}", steps))


def test_a_budget_year_has_milestones_until_the_plan_s_last_day(load: Load) -> None:
    steps = "judged: year_end\n        milestones: [{by: 2024-12-31, value: 40}]"
    plan = edited("plan_2024.yaml", JUDGED, steps)["plan_2024.yaml"]
    catalog = load({"plan_2024.yaml": plan.replace("period: year_to_date", "period: budget_year")})
    assert [milestone.by for milestone in catalog.plans[0].indicators[0].milestones] == [date(2024, 12, 31)]


def test_a_day_of_the_plan_without_a_target_is_a_mistake(load: Load) -> None:
    with pytest.raises(CatalogError, match="field targets: no target is in force on 2024-07-01, add one"):
        load(edited("plan_2024.yaml", "value: 45}]", "valid_to: 2024-06-30, value: 45}]"))


@given(number=st.decimals(min_value=-(10**6), max_value=10**12, allow_nan=False, allow_infinity=False, places=6))
def test_decimals_are_read_exactly(number: Decimal, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "number.yaml"
    path.write_text(f"value: {number:f}\n", encoding="utf-8")
    document = read_document(path, [])
    assert document is not None
    assert isinstance(document["value"], Decimal)
    assert str(document["value"]) == f"{number:f}"


@pytest.mark.parametrize("text", ["NO", "on", "1:30", "1e5", ".inf", "0x10", "08", "="])
def test_text_that_yaml_1_1_would_convert_stays_text(text: str, tmp_path: Path) -> None:
    path = tmp_path / "text.yaml"
    path.write_text(f"value: {text}\n", encoding="utf-8")
    assert read_document(path, []) == {"value": text}
