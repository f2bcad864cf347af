"""The catalog as flat rows for the warehouse: one row for each dated fact that the files nest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cchc.catalog.model import Agency, Catalog, Indicator, Plan, Variant, target_ranges

PRIMARY = "primary"

Row = dict[str, Any]

# Fields of an indicator that are columns under the same name.
_SAME_NAME = [
    "clause", "wording_vi", "name_vi", "short_name_vi", "counts", "comparator", "is_aspirational", "judged",
    "published_on", "is_share", "may_exceed_100", "is_target_reported", "source", "metric", "reported_for", "roll_up",
    "period", "exclusions_vi", "lead_agency_vi", "lead_agency_code", "ruling", "other_variants",
]  # fmt: skip


def indicator_rows(catalog: Catalog) -> Iterator[Row]:
    """One row for each plan_year × indicator_code × variant × valid_from (the first day of a target).

    ``valid_to_exclusive`` None = the last target, which also serves later years without a plan of their own.
    ``closes_on``: the last day on which values of the plan's own year are reported. ``set_is_complete`` None = no set.
    """
    complete = {known.code: known.is_list_complete for known in catalog.sets}
    for plan in catalog.plans:
        for ordinal, indicator in enumerate(plan.indicators, start=1):
            for variant in (None, *indicator.variants):
                for row in _variant_rows(plan, indicator, variant):
                    yield row | {"ordinal": ordinal, "set_is_complete": complete.get(row["set_code"])}


def _variant_rows(plan: Plan, indicator: Indicator, variant: Variant | None) -> Iterator[Row]:
    """The rows of one variant (None = primary), a row for each of its targets."""
    effective = indicator.with_variant(variant) if variant else indicator
    row = {name: getattr(effective, name) for name in _SAME_NAME} | {
        "plan_year": plan.year,
        "province_code": plan.province,
        "legal_basis_vi": plan.legal_basis_vi,
        "indicator_code": indicator.code,
        "variant": variant.variant if variant else PRIMARY,
        "explanation_vi": variant.explanation_vi if variant else None,
        "explanation": variant.explanation if variant else None,
        "unit_vi": indicator.unit,
        "closes_on": plan.closes_on(indicator),
        "milestone_days": [milestone.by for milestone in effective.milestones],
        "milestone_values": [milestone.value for milestone in effective.milestones],
        "set_code": effective.population.set,
        "levels": list(effective.population.levels),
    }
    for target, days in target_ranges(effective.targets):
        yield row | {
            "valid_from": days.start,
            "valid_to_exclusive": days.end,
            "target": target.value,
            "no_target_reason_vi": target.reason_vi,
        }


def agency_rows(catalog: Catalog) -> Iterator[Row]:
    """One row for each version of an agency."""
    for agency in catalog.agencies:
        fields = dict(agency)
        yield {"agency_code": fields.pop("code"), "province_code": agency.province_code, **fields}


def set_member_rows(catalog: Catalog, unregistered: Iterable[Agency] = ()) -> Iterator[Row]:
    """One row for each set × version of an agency, with the days on which both are valid.

    ``unregistered``: unregistered agencies, seen in data only; they join the sets whose list isn't complete.
    """
    unregistered = list(unregistered)
    for known in catalog.sets:
        for agency, days in known.member_ranges(catalog.agencies, unregistered):
            yield {
                "set_code": known.code,
                "agency_code": agency.code,
                "valid_from": days.start,
                "valid_to_exclusive": days.end,
            }


def task_rows(catalog: Catalog) -> Iterator[Row]:
    """One row for each plan_year × task."""
    for annex in catalog.annexes:
        for ordinal, task in enumerate(annex.tasks, start=1):
            fields = task.model_dump(exclude={"code", "indicators", "agencies"})
            yield fields | {
                "province_code": annex.province,
                "plan_year": annex.year,
                "task_code": task.code,
                "ordinal": ordinal,
                "due_soon_days": annex.due_soon_days,
                "indicator_codes": list(task.indicators),
            }


def task_agency_rows(catalog: Catalog, unregistered: Iterable[Agency] = ()) -> Iterator[Row]:
    """One row for each task × version of an agency that answers for it, with the days on which it does.

    ``unregistered`` as for set_member_rows. An agency named by its code and as a member of a set is there once.
    """
    unregistered = list(unregistered)
    for annex in catalog.annexes:
        for task in annex.tasks:
            for agency, days in catalog.answering_ranges(task, unregistered):
                yield {
                    "province_code": annex.province,
                    "plan_year": annex.year,
                    "task_code": task.code,
                    "agency_code": agency.code,
                    "valid_from": days.start,
                    "valid_to_exclusive": days.end,
                }
