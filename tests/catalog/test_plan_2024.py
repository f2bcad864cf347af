"""The real catalog: the 47 indicators against the facts, the agencies and sets by date, the rows for the warehouse."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc.catalog import Agency, Catalog, Indicator, agency_rows, indicator_rows, set_member_rows
from cchc.sources.profile import read_profiles
from tests.catalog.facts import FACTS, needs_facts, read_facts

# Word of the facts' column "levels" → levels; the province always has a row.
LEVELS = {
    "tỉnh": {"province"},
    "sở": {"department"},
    "sở, ban, ngành": {"department"},
    "huyện": {"district"},
    "xã": {"commune"},
    "ĐVSN": {"public_service_unit"},
    "phòng ban cấp huyện": {"division"},
}
# Where the facts name the level that the counted units belong to, and the population is of another level.
OTHER_LEVELS = {
    "II.1.a-1": {"province"},  # rulings, Dossiers 3: the province only; agencies by the variant
    "II.1.d-3b": {"province", "division"},  # Phòng Tư pháp of the districts
    "II.1.dd-2": {"province"},  # "sở, huyện when surveyed by province"
    "II.5-1": {"province", "public_service_unit"},
    "II.5-2": {"province", "public_service_unit"},
    "II.5-3": {"province", "public_service_unit"},
    "II.7-1": {"province"},  # investors are no agencies
    "II.8-1": {"province"},
    "II.10-1": {"province"},
    "II.10-2": {"province"},
    "PL.VI.3-1": {"province", "department", "district"},
    "PL.VI.5-1": {"province", "public_service_unit"},
}
SURVEYS = {"II.1.dd-2", "II.10-1", "II.10-2"}
DISBURSEMENT = {"II.7-1", "PL.VI.7-1"}


def find_indicator(catalog: Catalog, code: str) -> Indicator:
    """One indicator of the plan."""
    return next(found for found in catalog.plans[0].indicators if found.code == code)


@needs_facts
def test_the_47_indicators_agree_with_the_facts(catalog: Catalog) -> None:
    facts = {row["code"]: row for row in read_facts("indicators.csv")}
    indicators = {indicator.code: indicator for indicator in catalog.plans[0].indicators}
    assert len(indicators) == 47
    assert indicators.keys() == facts.keys()
    for code, fact in facts.items():
        indicator = indicators[code]
        assert (indicator.clause, indicator.wording_vi, indicator.name_vi, indicator.source) == (
            fact["clause"],
            fact["wording_vi"],
            fact["name_vi"],
            fact["primary_source"],
        )
        assert indicator.comparator == {"n/a": None}.get(fact["comparator"], fact["comparator"])
        assert indicator.is_aspirational == (fact["aspirational"] == "yes")
        assert fact["unit"] in (indicator.unit, "")
        [target] = indicator.targets
        known = fact["target"].replace(".", "").isdigit()
        assert target.value == (Decimal(fact["target"]) if known else None), code


@needs_facts
def test_the_levels_are_those_of_the_facts(catalog: Catalog) -> None:
    facts = {row["code"]: row["levels"] for row in read_facts("indicators.csv")}
    for indicator in catalog.plans[0].indicators:
        named = OTHER_LEVELS.get(indicator.code)
        if named is None:
            named = {"province"}.union(*(LEVELS[word] for word in facts[indicator.code].split("; ")))
        assert set(indicator.population.levels) == named, indicator.code


@needs_facts
def test_the_agencies_are_those_of_the_facts(catalog: Catalog) -> None:
    facts = {(row["code"], row["valid_from"], row["name_vi"]) for row in read_facts("agencies.csv")}
    agencies = [agency for agency in catalog.agencies if agency.level != "public_service_unit"]
    assert {(agency.code, str(agency.valid_from), agency.name_vi) for agency in agencies} == facts


@needs_facts
def test_the_wordings_are_those_of_the_decision(catalog: Catalog) -> None:
    decision = " ".join((FACTS / "decision-35-qd-ubnd-2024.txt").read_text(encoding="utf-8").split())
    for indicator in catalog.plans[0].indicators:
        assert indicator.wording_vi in decision, indicator.code


def test_public_service_units_are_marked_as_samples(catalog: Catalog) -> None:
    units = [agency for agency in catalog.agencies if agency.level == "public_service_unit"]
    assert len(units) == 12
    for unit in units:
        assert unit.is_synthetic_code
        assert unit.note is not None
        assert unit.note.startswith("sample")
        assert unit.code.startswith(f"{unit.parent_code}.S")
    known = {known.code: known.is_list_complete for known in catalog.sets}
    assert (known["don_vi_su_nghiep"], known["co_quan_don_vi_dia_phuong"]) == (False, False)


# Indicator → agencies that report their own value on 30 June 2024, the province among them.
REPORTERS = [
    ("II.1.dd-2", {"H58"}, 1),  # the province alone
    ("II.2-1", {"H58", "H58.01"}, 1 + 18),  # counted, though the levels give the departments no row
    ("II.4-1", {"H58", "H58.01", "H58.31", "H58.31.01"}, 1 + 200),
    ("II.6-1", {"H58", "H58.01", "H58.31"}, 1 + 19 + 11),  # no set: those of the levels
    ("II.8-1", {"H58", "H58.16.S01"}, 1 + 12),
    ("PL.VI.4-1", {"H58", "H58.31.01"}, 1 + 170),
]


@pytest.mark.parametrize(("code", "some", "count"), REPORTERS)
def test_an_indicator_is_reported_by_its_population_and_the_province(
    catalog: Catalog, code: str, some: set[str], count: int
) -> None:
    reporting = [agency.code for agency in catalog.reporters(find_indicator(catalog, code), date(2024, 6, 30))]
    assert some <= set(reporting)
    assert len(reporting) == len(set(reporting)) == count


def test_no_agency_reports_for_a_province_after_its_end(catalog: Catalog) -> None:
    for code in ("II.1.dd-2", "II.6-1", "PL.VI.4-1"):
        assert catalog.reporters(find_indicator(catalog, code), date(2025, 7, 1)) == []


def test_the_indicators_are_in_the_order_of_the_decision(catalog: Catalog) -> None:
    ordinals = {row["indicator_code"]: row["ordinal"] for row in indicator_rows(catalog)}
    assert sorted(ordinals.values()) == list(range(1, 48))
    annex = ["PL.III.7-x", "PL.VI.3-1", "PL.VI.4-1", "PL.VI.5-1", "PL.VI.7-1", "PL.VII.5-x", "PL.VII.7-1", "PL.VII.7-2"]
    assert [code for code, _ in sorted(ordinals.items(), key=lambda item: item[1])][-8:] == annex


def test_surveys_are_rates_disbursement_is_money_and_all_else_is_counted(catalog: Catalog) -> None:
    counts = {indicator.code: indicator.counts for indicator in catalog.plans[0].indicators}
    assert {code for code, kind in counts.items() if kind == "rate"} == SURVEYS
    assert {code for code, kind in counts.items() if kind == "amount"} == DISBURSEMENT
    assert counts["II.8-2"] == "whole"  # a plain number of units


def test_disbursement_alone_may_exceed_100_percent_in_each_variant(catalog: Catalog) -> None:
    exceeding = {(row["indicator_code"], row["variant"]) for row in indicator_rows(catalog) if row["may_exceed_100"]}
    assert exceeding == {("II.7-1", "primary"), ("II.7-1", "council_plan"), ("PL.VI.7-1", "primary")}


def test_a_source_requires_the_metrics_that_are_used_and_no_others(catalog: Catalog) -> None:
    used = {
        metric
        for indicator in catalog.plans[0].indicators
        for metric in (indicator.metric, *(variant.metric for variant in indicator.variants))
    }
    used.add("national_portal.on_time")  # no target, but a measure that people read
    for profile in read_profiles():
        named = profile.metrics()
        if named is not None:
            assert named - profile.optional_metrics() == named & used, profile.source


def test_the_variants_are_those_of_the_rulings(catalog: Catalog) -> None:
    variants = {
        (indicator.code, variant.variant) for indicator in catalog.plans[0].indicators for variant in indicator.variants
    }
    assert variants == {
        ("II.1.a-1", "dossier_based"),
        ("II.1.a-2", "both_digitised"),
        ("II.1.b-1", "portal_only"),
        ("II.1.e-1", "joint"),
        ("II.2-1", "pooled"),
        ("II.7-1", "council_plan"),
        ("II.9-1", "paperless"),
        ("PL.VII.7-1", "each_agency"),
        ("PL.VII.7-2", "each_agency"),
    }


def test_judged_follows_the_source_and_the_surveys(catalog: Catalog) -> None:
    for indicator in catalog.plans[0].indicators:
        at_year_end = indicator.source == "treasury" or (
            indicator.source == "returns" and indicator.code not in SURVEYS
        )
        assert (indicator.judged == "year_end") == at_year_end, indicator.code
    yearly = [indicator for indicator in catalog.plans[0].indicators if indicator.judged == "yearly_survey"]
    assert [(indicator.code, indicator.published_on) for indicator in yearly] == [("II.1.dd-2", date(2025, 4, 17))]


def test_the_decision_sets_no_milestones(catalog: Catalog) -> None:
    assert [row["indicator_code"] for row in indicator_rows(catalog) if row["milestone_days"]] == []


def test_the_portal_gives_eleven_indicators(catalog: Catalog) -> None:
    portal = {i.code: (i.metric, i.reported_for) for i in catalog.plans[0].indicators if i.source == "national_portal"}
    assert portal == {
        "II.1.a-2": ("national_portal.components_digitised", "agencies"),
        "II.1.b-1": ("national_portal.online_payment", "agencies"),
        "II.1.c-1": ("national_portal.online_channel", "province"),
        "II.1.c-2": ("national_portal.data_reused", "agencies"),
        "II.1.d-1": ("national_portal.dossiers_synced", "agencies"),
        "II.1.d-2": ("national_portal.electronic_result", "agencies"),
        "II.1.d-3a": ("national_portal.certified_e_copies", "agencies"),
        "II.1.d-4": ("national_portal.published_on_time", "province"),
        "II.1.d-5": ("national_portal.disclosed_on_time", "province"),
        "II.1.d-6": ("national_portal.petitions_on_time", "agencies"),
        "II.1.dd-1": ("national_portal.receiving_satisfaction", "agencies"),
    }


def test_roll_up_follows_what_is_counted(catalog: Catalog) -> None:
    rows = {(row["indicator_code"], row["variant"]): row for row in indicator_rows(catalog)}
    agencies_counted = [
        "II.1.d-3b", "II.2-1", "II.2-2", "II.2-3", "II.2-4", "II.3-1", "II.4-1", "II.4-2", "II.4-3", "II.5-1", "II.5-2",
        "II.5-3", "II.8-1", "PL.VI.3-1", "PL.VI.4-1", "PL.VI.5-1",
    ]  # fmt: skip
    expected = dict.fromkeys([(code, "primary") for code in agencies_counted], "share_of_agencies") | {
        ("II.2-1", "pooled"): "share_of_agencies",
        ("PL.VII.7-1", "primary"): "pooled",
        ("PL.VII.7-2", "primary"): "pooled",
        ("PL.VII.7-1", "each_agency"): "agencies_attaining",
        ("PL.VII.7-2", "each_agency"): "agencies_attaining",
    }
    assert {key: row["roll_up"] for key, row in rows.items() if row["roll_up"] != "own"} == expected
    assert {key for key, row in rows.items() if row["set_code"] is not None} == expected.keys()
    for code in ("PL.VII.7-1", "PL.VII.7-2"):
        assert rows[code, "each_agency"]["metric"] == rows[code, "primary"]["metric"] == "eoffice.processed_online"


def test_only_the_baseline_that_the_decision_lacks_is_a_reported_target(catalog: Catalog) -> None:
    reported = {row["indicator_code"]: row for row in indicator_rows(catalog) if row["is_target_reported"]}
    assert reported.keys() == {"II.8-2"}
    assert (reported["II.8-2"]["target"], reported["II.8-2"]["comparator"]) == (None, ">")


def test_returns_metrics_are_named_after_their_indicators(catalog: Catalog) -> None:
    metrics = {
        (row["indicator_code"], row["variant"]): row["metric"]
        for row in indicator_rows(catalog)
        if row["source"] == "returns"
    }
    joint, pooled = metrics.pop(("II.1.e-1", "joint")), metrics.pop(("II.2-1", "pooled"))
    assert (joint, pooled) == ("returns.II.1.e.joint", "returns.II.2.pooled")
    assert len(metrics) == 27
    assert metrics == {(code, "primary"): f"returns.{code}" for code, _ in metrics}


def test_only_counts_are_no_shares(catalog: Catalog) -> None:
    assert [i.code for i in catalog.plans[0].indicators if not i.is_share] == ["II.3-2", "II.8-2"]


def test_an_unknown_target_has_a_reason(catalog: Catalog) -> None:
    unknown = {row["indicator_code"]: row for row in indicator_rows(catalog) if row["target"] is None}
    assert unknown.keys() == {"II.8-2", "PL.VII.5-x"}
    assert "31/12/2023" in unknown["II.8-2"]["no_target_reason_vi"]
    assert "4842/UBND-KSTT" in unknown["PL.VII.5-x"]["no_target_reason_vi"]


# Days on which the map of Tiền Giang changed, the days before them, and the counts of the facts.
SET_COUNTS = {
    date(2024, 1, 1): {"xa": 172, "huyen": 11, "so_ban_nganh": 19, "co_quan_chuyen_mon": 18, "phong_tu_phap": 11,
                       "phong_ban_huyen": 132, "co_quan_hanh_chinh": 202, "co_quan_tinh_huyen": 30,
                       "co_quan_chuyen_mon_va_huyen": 29, "don_vi_su_nghiep": 12,
                       "co_quan_don_vi_dia_phuong": 214},
    date(2024, 4, 30): {"xa": 172, "huyen": 11},
    date(2024, 5, 1): {"xa": 170, "huyen": 11, "co_quan_hanh_chinh": 200},
    date(2024, 10, 31): {"xa": 170},
    date(2024, 11, 1): {"xa": 164, "huyen": 11, "co_quan_hanh_chinh": 194},
    date(2025, 6, 30): {"xa": 164, "huyen": 11, "phong_tu_phap": 11},
    date(2025, 7, 1): {"xa": 102, "huyen": 0, "so_ban_nganh": 0, "phong_tu_phap": 0, "phong_ban_huyen": 0},
    date(2023, 12, 31): {"xa": 0, "huyen": 0},
}  # fmt: skip


@pytest.mark.parametrize("day", SET_COUNTS)
def test_the_sets_have_the_members_of_the_day(catalog: Catalog, day: date) -> None:
    counts = {code: len(catalog.members(code, day)) for code in SET_COUNTS[day]}
    assert counts == SET_COUNTS[day]


def test_an_agency_renamed_during_the_year_is_one_member(catalog: Catalog) -> None:
    names = [{a.code: a.name_vi for a in catalog.members("huyen", date(2024, month, 1))}["H58.32"] for month in (4, 5)]
    assert names == ["UBND thị xã Gò Công", "UBND thành phố Gò Công"]


def test_an_unknown_set_is_a_key_error(catalog: Catalog) -> None:
    with pytest.raises(KeyError, match="quan"):
        catalog.members("quan", date(2024, 1, 1))


@given(day=st.dates(date(2023, 6, 1), date(2026, 6, 1)))
def test_member_rows_have_the_members_of_any_day_once(catalog: Catalog, day: date) -> None:
    rows = Counter(
        (row["set_code"], row["agency_code"])
        for row in set_member_rows(catalog)
        if row["valid_from"] <= day and (row["valid_to_exclusive"] is None or day < row["valid_to_exclusive"])
    )
    members = {(known.code, agency.code) for known in catalog.sets for agency in catalog.members(known.code, day)}
    assert rows == Counter(members)


def test_unregistered_agency_joins_only_sets_whose_list_is_not_complete(catalog: Catalog) -> None:
    unregistered = [
        Agency(
            code=code, name_vi=name, level=level, parent_code="H58", valid_from=date(2024, 6, 29),
            is_synthetic_code=False,
        )
        for code, name, level in (
            ("H58.31.99", "UBND xã Mới", "commune"),
            ("H58.99", "Sở Mới", "department"),
            ("H58.31.P99", "Phòng Tư pháp mới", "division"),
        )
    ]  # fmt: skip
    codes = {agency.code for agency in unregistered}
    rows = [row for row in set_member_rows(catalog, unregistered) if row["agency_code"] in codes]
    assert {(row["set_code"], row["agency_code"]) for row in rows} == {
        ("co_quan_don_vi_dia_phuong", "H58.31.99"),
        ("co_quan_don_vi_dia_phuong", "H58.99"),
        ("so_ban_nganh", "H58.99"),
        ("phong_ban_huyen", "H58.31.P99"),
    }
    assert {row["valid_from"] for row in rows} == {date(2024, 6, 29)}
    listed = [row for row in set_member_rows(catalog, unregistered) if row not in rows]
    assert listed == list(set_member_rows(catalog))


def test_agency_rows_are_versions_without_overlap(catalog: Catalog) -> None:
    rows = sorted(agency_rows(catalog), key=lambda row: (row["agency_code"], row["valid_from"]))
    assert len(rows) == len({(row["agency_code"], row["valid_from"]) for row in rows})
    for earlier, later in pairwise(rows):
        if earlier["agency_code"] == later["agency_code"]:
            assert earlier["valid_to_exclusive"] <= later["valid_from"]
    assert {row["province_code"] for row in rows} == {"H58", "H20"}


def test_each_variant_is_a_row_with_its_own_fields_and_the_rest_from_its_indicator(catalog: Catalog) -> None:
    rows = {(row["indicator_code"], row["variant"]): row for row in indicator_rows(catalog)}
    assert len(rows) == 47 + 9
    variant, primary = rows["PL.VII.7-1", "each_agency"], rows["PL.VII.7-1", "primary"]
    assert (variant["comparator"], variant["target"], variant["levels"]) == ("=", 100, ["province"])
    assert (primary["comparator"], primary["target"], primary["levels"]) == (">", 80, ["province", "department"])
    inherited = ["ordinal", "clause", "wording_vi", "short_name_vi", "judged", "source", "set_code", "closes_on"]
    assert [variant[name] for name in inherited] == [primary[name] for name in inherited]
    assert rows["II.1.b-1", "portal_only"]["source"] == "one_stop"
    assert rows["II.8-1", "primary"]["target"] == Decimal("9.5")
    assert rows["II.8-1", "primary"]["set_is_complete"] is False
    assert rows["II.1.b-1", "primary"]["set_is_complete"] is None


def test_the_budget_year_closes_a_month_later(catalog: Catalog) -> None:
    late = {row["indicator_code"] for row in indicator_rows(catalog) if row["closes_on"] == date(2025, 1, 31)}
    assert late == {"II.7-1", "PL.VI.7-1"}


def test_the_plan_covers_the_whole_year_though_signed_later(catalog: Catalog) -> None:
    plan = catalog.plans[0]
    assert plan.signed_on == date(2024, 1, 11)
    assert (plan.valid_from, plan.valid_to) == (date(2024, 1, 1), date(2024, 12, 31))
