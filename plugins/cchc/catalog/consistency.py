"""Checks between the fields and the records of the catalog; each yields (field, fault).

The types in ``model`` check single fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from cchc.calendar import DateRange
from cchc.catalog.model import (
    Agency,
    AgencySet,
    Indicator,
    Plan,
    Population,
    Target,
    Task,
    province_of,
    target_ranges,
)
from cchc.mistake import Doubt, FieldMistake
from cchc.sources.profile_parts import Level

# The kinds of deadline that have days; the others have none.
DAYS_OF_DEADLINE = {
    "fixed_window": ("starts_on", "due_on"),
    "quarter": ("starts_on", "due_on"),
    "quarter_range": ("starts_on", "due_on"),
    "from_date_open": ("starts_on",),
}

# Level of an agency -> the levels that the agency above it may have.
ABOVE: Mapping[Level, tuple[Level, ...]] = {
    "department": ("province",),
    "district": ("province",),
    "commune": ("province", "district"),
    "division": ("province", "department", "district", "commune"),
    "public_service_unit": ("province", "department", "district", "commune", "division"),
}

# Source → the metrics that it has; None where they aren't known.
Sources = Mapping[str, Collection[str] | None]


def check_indicator(indicator: Indicator, plan_days: DateRange | None) -> Iterator[FieldMistake]:
    """Check an indicator by itself and, where the plan's first and last day are known, against them."""
    yield from _check_all_targets("", indicator.targets, indicator.comparator is not None, plan_days)
    yield from _check_values("", indicator)
    yield from _check_levels("", indicator.population)
    if (indicator.judged == "yearly_survey") != (indicator.published_on is not None):
        yield "published_on", "goes with judged: yearly_survey, give both or neither"
    of_primary = [*_check_roll_up(indicator), *_check_milestones(indicator, plan_days)]
    yield from of_primary
    if indicator.roll_up == "agencies_attaining":
        yield "roll_up", "agencies_attaining is for variants: the agencies attain the primary variant's target"
    yield from _check_reported_target(indicator)
    yield from _check_counts(indicator)
    names = ["primary"]
    for position, variant in enumerate(indicator.variants):
        path = f"variants[{position}]."
        if variant.variant in names:
            yield f"{path}variant", f'"{variant.variant}" is there already, choose another name'
        names.append(variant.variant)
        if variant.targets:
            has_comparator = (variant.comparator or indicator.comparator) is not None
            yield from _check_all_targets(path, variant.targets, has_comparator, plan_days)
            yield from _check_values(path, indicator.with_variant(variant))
        if variant.population:
            yield from _check_levels(path, variant.population)
        effective = indicator.with_variant(variant)
        faults = [
            *_check_roll_up(effective),
            *_check_attaining_agencies(effective, indicator),
            *_check_milestones(effective, plan_days),
        ]
        yield from ((path + field, text) for field, text in faults if (field, text) not in of_primary)


def _check_roll_up(indicator: Indicator) -> Iterator[FieldMistake]:
    """Whether the roll-up can make the province's value of its agencies' values."""
    if indicator.roll_up == "own":
        return
    if indicator.population.set is None:
        yield (
            "population.set",
            f"is missing for roll_up: {indicator.roll_up}, name the set whose agencies it is made of",
        )
    if indicator.reported_for == "province":
        yield "reported_for", f"province leaves no agencies for roll_up: {indicator.roll_up}, write agencies"
    if indicator.roll_up != "pooled" and not indicator.is_share:
        yield "is_share", f"false doesn't fit roll_up: {indicator.roll_up}, whose value is a share of agencies"


def _check_attaining_agencies(indicator: Indicator, primary: Indicator) -> Iterator[FieldMistake]:
    """The agencies attain the primary variant's target, so the variant has the primary's metric."""
    if indicator.roll_up == "agencies_attaining" and indicator.metric != primary.metric:
        yield "metric", f'"{indicator.metric}" isn\'t what the agencies are judged by, write {primary.metric}'


def _check_reported_target(indicator: Indicator) -> Iterator[FieldMistake]:
    """A target that is reported as the denominator is neither written in the plan nor divided by."""
    if not indicator.is_target_reported:
        return
    if indicator.is_share:
        yield "is_target_reported", "goes with is_share: false, the denominator can't be divisor and target"
    if indicator.roll_up != "own":
        yield (
            "is_target_reported",
            f"doesn't fit roll_up: {indicator.roll_up}, a target is reported with its own value",
        )
    if indicator.comparator is None:
        yield "comparator", "is missing for a target that is reported, add >=, > or ="
    for position, target in enumerate(indicator.targets):
        if target.value is not None:
            yield f"targets[{position}].value", f"{target.value} is there though is_target_reported, write null"


def _check_counts(indicator: Indicator) -> Iterator[FieldMistake]:
    """Only a share is a percentage, and a share of agencies counts agencies only."""
    if indicator.may_exceed_100 and not indicator.is_share:
        yield "may_exceed_100", "goes with a share, take it out beside is_share: false"
    if indicator.counts == "rate" and not indicator.is_share:
        yield "counts", "rate goes with a share, write whole or amount beside is_share: false"
    elif indicator.counts == "rate" and indicator.roll_up == "pooled":
        yield "counts", "rate doesn't fit roll_up: pooled, percentages of several agencies have no sum"
    elif indicator.counts != "whole" and indicator.roll_up == "share_of_agencies":
        yield "counts", f"{indicator.counts} doesn't fit roll_up: share_of_agencies, agencies are counted: write whole"


def _check_milestones(indicator: Indicator, plan_days: DateRange | None) -> Iterator[FieldMistake]:
    """Milestones lead to a known target: before the year closes, each later than the one before, and none lower."""
    if not indicator.milestones:
        return
    targets = [target.value for target in indicator.targets if target.value is not None]
    if indicator.judged != "year_end":
        yield "milestones", "go with judged: year_end, write that or take them out"
    if len(targets) < len(indicator.targets):
        yield "milestones", "lead to a target that isn't known, take them out"
        return
    for position, milestone in enumerate(indicator.milestones):
        field = f"milestones[{position}]"
        if plan_days and not _open_days(plan_days, indicator).contains(milestone.by):
            yield f"{field}.by", f"{milestone.by} is not in the plan before the year closes, correct the day"
        if not 0 <= milestone.value <= min(targets):
            yield f"{field}.value", f"{milestone.value} is not between 0 and the target {min(targets)}, correct one"
    for position, (earlier, later) in enumerate(pairwise(indicator.milestones), start=1):
        if later.by <= earlier.by:
            yield f"milestones[{position}].by", f"{later.by} is not after {earlier.by}, write them in their order"
        if later.value < earlier.value:
            yield (
                f"milestones[{position}].value",
                f"{later.value} is below {earlier.value}, the one before, correct one",
            )


def _open_days(plan_days: DateRange, indicator: Indicator) -> DateRange:
    """The days of the plan before its year closes: of a budget year all, since it closes after the plan's last day."""
    return plan_days if indicator.period == "budget_year" else DateRange(plan_days.start, plan_days.last)


def _check_all_targets(
    path: str, targets: tuple[Target, ...], has_comparator: bool, plan_days: DateRange | None
) -> Iterator[FieldMistake]:
    """Each target by itself; if all are right, whether one is in force on every day of the plan."""
    faults = list(_check_targets(path, targets, has_comparator, plan_days))
    yield from faults
    if plan_days and not faults:
        gap = plan_days.first_day_outside([days for _, days in target_ranges(targets)])
        if gap:
            yield f"{path}targets", f"no target is in force on {gap}, add one (value: null with a reason_vi if unknown)"


def _check_targets(
    path: str, targets: tuple[Target, ...], has_comparator: bool, plan_days: DateRange | None
) -> Iterator[FieldMistake]:
    for position, target in enumerate(targets):
        field = f"{path}targets[{position}]"
        if target.valid_to is not None and target.valid_to < target.valid_from:
            yield f"{field}.valid_to", f"{target.valid_to} is before valid_from {target.valid_from}, correct one"
        if plan_days and not plan_days.contains(target.valid_from):
            yield (
                f"{field}.valid_from",
                f"{target.valid_from} is outside the plan, {plan_days.start} to {plan_days.last}",
            )
        if (target.value is None) != (target.reason_vi is not None):
            yield f"{field}.reason_vi", "goes with value: null, give the value or the reason why there is none"
        if target.value is not None and not has_comparator:
            yield f"{path}comparator", "is missing for a target that has a value, add >=, > or ="
    for (earlier, days), (later, _) in pairwise(target_ranges(targets)):
        if days.contains(later.valid_from) or earlier.valid_from == later.valid_from:
            yield f"{path}targets", f"two targets are in force on {later.valid_from}, end the first before it"


def _check_values(path: str, indicator: Indicator) -> Iterator[FieldMistake]:
    """No target is below 0, and that of a share is a percentage."""
    is_percentage = indicator.is_share and not indicator.may_exceed_100
    for position, target in enumerate(indicator.targets):
        if target.value is not None and target.value < 0:
            yield f"{path}targets[{position}].value", f"{target.value} is below 0, correct it"
        elif target.value is not None and is_percentage and target.value > 100:
            text = f"{target.value} is more than 100 percent of a share, correct it (or write may_exceed_100: true)"
            yield f"{path}targets[{position}].value", text


def _check_metric(
    path: str, source: str, metric: str | None, sources: Sources, optional: Collection[str]
) -> Iterator[FieldMistake]:
    """The first word of a metric is its source, which has the metric in every answer that it publishes."""
    if source not in sources:
        yield f"{path}source", f'"{source}" is no source of include/sources/ and none that is planned, correct it'
        return
    wanted = None if source == "none" else source
    if (metric and metric.partition(".")[0]) != wanted:
        advice = f"write {wanted}.<name>" if wanted else "leave it out"
        yield f"{path}metric", f'"{metric or ""}" doesn\'t fit source {source}, {advice}'
        return
    known = sources[source]
    if known is not None and metric not in known:
        yield f"{path}metric", f'"{metric}" is no metric of {source}.yaml, it has {", ".join(sorted(known))}'
    elif metric in optional:
        yield f"{path}metric", f'"{metric}" may be gone by {source}.yaml, take required: false out there'


def _check_levels(path: str, population: Population) -> Iterator[FieldMistake]:
    # The province has a row for every indicator (docs/rulings.md: rows and roll-up).
    if "province" not in population.levels:
        yield f"{path}population.levels", "has no province, add it: the province has a row for every indicator"
    if len(set(population.levels)) < len(population.levels):
        yield f"{path}population.levels", "names a level twice, keep one"


def check_plan(plan: Plan) -> Iterator[FieldMistake]:
    """Check the header of a plan."""
    if plan.valid_to < plan.valid_from:
        yield "valid_to", f"{plan.valid_to} is before valid_from {plan.valid_from}, correct one"
    if plan.signed_on.year not in (plan.year - 1, plan.year):
        yield (
            "signed_on",
            f"{plan.signed_on} is neither in the plan's year {plan.year} nor in the one before, correct it",
        )
    for field, day in (("valid_from", plan.valid_from), ("valid_to", plan.valid_to)):
        if day.year != plan.year:
            yield field, f"{day} is not in the plan's year {plan.year}, a plan is for one year"


def check_sources(indicator: Indicator, sources: Sources, optional: Collection[str] = ()) -> Iterator[FieldMistake]:
    """Check an indicator against the sources. ``optional``: metrics that an answer may lack."""
    yield from _check_metric("", indicator.source, indicator.metric, sources, optional)
    for position, variant in enumerate(indicator.variants):
        source = variant.source or indicator.source
        yield from _check_metric(f"variants[{position}].", source, variant.metric, sources, optional)


def check_references(
    indicator: Indicator, plan: Plan, sets: Mapping[str, AgencySet], agencies: Sequence[Agency]
) -> Iterator[FieldMistake]:
    """Check an indicator against sets and agencies. A province without agencies has no lead agency to check."""
    named = [("", indicator.population)]
    named += [(f"variants[{at}].", v.population) for at, v in enumerate(indicator.variants) if v.population]
    for path, population in named:
        if population.set is not None:
            yield from _check_named_set(f"{path}population.set", population.set, plan, sets, agencies)
    codes = {agency.code for agency in agencies if agency.province_code == plan.province}
    if codes and indicator.lead_agency_code not in codes | {None}:
        yield "lead_agency_code", f'"{indicator.lead_agency_code}" is not in agencies.csv, add or correct it'


def _check_named_set(
    field: str, name: str, plan: Plan, sets: Mapping[str, AgencySet], agencies: Sequence[Agency]
) -> Iterator[FieldMistake]:
    """A set without a member on any day of the plan makes no value. A set with an incomplete list may be empty."""
    if name not in sets:
        yield field, f'"{name}" is not in agency_sets.yaml, add or correct it'
        return
    days = DateRange.inclusive(plan.valid_from, plan.valid_to) if plan.valid_from <= plan.valid_to else None
    ours = [agency for agency in agencies if agency.province_code == plan.province]
    if days is None:
        return
    if not sets[name].validity.intersection(days):
        yield field, Doubt(f'"{name}" exists on no day of the plan, correct its days in agency_sets.yaml')
        return
    memberships = [shared for _, shared in sets[name].member_ranges(ours)]
    if ours and sets[name].is_list_complete and not any(shared.intersection(days) for shared in memberships):
        yield field, Doubt(f'"{name}" holds no agency on any day of the plan, correct it in agency_sets.yaml')


def check_task(
    task: Task, plan: Plan, sets: Mapping[str, AgencySet], agencies: Sequence[Agency]
) -> Iterator[FieldMistake]:
    """Check a task by itself and against its plan, the sets and the agencies."""
    yield from _check_deadline(task, plan)
    planned = {indicator.code for indicator in plan.indicators}
    for code in task.indicators:
        if code not in planned:
            yield "indicators", f'"{code}" is no indicator of the plan of {plan.year}, add or correct it'
    if not (task.agencies.codes or task.agencies.sets):
        yield "agencies", "names nobody, add codes or sets"
    agency_codes = {agency.code for agency in agencies}
    for code in task.agencies.codes:
        if plan.province in agency_codes and code not in agency_codes:
            yield "agencies.codes", f'"{code}" is not in agencies.csv, add or correct it'
    for code in task.agencies.sets:
        yield from _check_named_set("agencies.sets", code, plan, sets, agencies)


def _check_deadline(task: Task, plan: Plan) -> Iterator[FieldMistake]:
    """The kind of deadline decides the days: both, the first alone, or none."""
    wanted = DAYS_OF_DEADLINE.get(task.deadline_kind, ())
    for field, day in (("starts_on", task.starts_on), ("due_on", task.due_on)):
        if (day is not None) != (field in wanted):
            advice = "is missing, add it" if field in wanted else "is there, take it out"
            yield field, f"{advice}: deadline_kind {task.deadline_kind} has {' and '.join(wanted) or 'no days'}"
        elif day is not None and not plan.valid_from <= day <= plan.valid_to:
            yield field, f"{day} is outside the plan, {plan.valid_from} to {plan.valid_to}"
    if task.starts_on and task.due_on and task.due_on < task.starts_on:
        yield "due_on", f"{task.due_on} is before starts_on {task.starts_on}, correct one"


def check_set(known: AgencySet, agencies: Sequence[Agency]) -> Iterator[FieldMistake]:
    """Check a set by itself and against the agencies; codes of a province without agencies can't be checked."""
    if known.valid_to_exclusive is not None and known.valid_to_exclusive <= known.valid_from:
        yield "valid_to_exclusive", f"{known.valid_to_exclusive} is not after valid_from {known.valid_from}"
        return
    agency_codes = {agency.code for agency in agencies}
    for field, codes in (("except_codes", known.except_codes), ("only_codes", known.only_codes)):
        for code in codes:
            if province_of(code) in agency_codes and code not in agency_codes:
                yield field, f'"{code}" is not in agencies.csv, add or correct it'
                return
    if known.is_list_complete and agencies and not any(known.member_ranges(agencies)):
        yield "", Doubt("selects no agency of agencies.csv, correct its levels, codes, name_starts_with or days")


def check_agencies(agencies: Iterable[Agency]) -> Iterator[tuple[Agency, str, str]]:
    """Check all versions of all agencies against each other; yields (version, field, fault)."""
    versions: defaultdict[str, list[Agency]] = defaultdict(list)
    for agency in sorted(agencies, key=lambda agency: (agency.code, agency.valid_from)):
        if agency.valid_to_exclusive is not None and agency.valid_to_exclusive <= agency.valid_from:
            yield agency, "valid_to_exclusive", f"{agency.valid_to_exclusive} is not after {agency.valid_from}"
        else:
            versions[agency.code].append(agency)
    for same_code in versions.values():
        for earlier, later in pairwise(same_code):
            if earlier.validity.intersection(later.validity):
                yield later, "valid_from", f"{later.valid_from}: the version from {earlier.valid_from} is still valid"
        for agency in same_code:
            yield from _check_parent(agency, versions)
    yield from _check_names(agencies)


def _check_parent(agency: Agency, versions: defaultdict[str, list[Agency]]) -> Iterator[tuple[Agency, str, str]]:
    if agency.level == "province":
        if agency.parent_code is not None:
            yield agency, "parent_code", f'"{agency.parent_code}": a province has no parent, leave it empty'
    elif agency.parent_code is None:
        yield agency, "parent_code", "is empty, name the agency above"
    elif agency.parent_code == agency.code:
        yield agency, "parent_code", f'"{agency.code}" is the agency itself, name the agency above'
    else:
        parents = versions.get(agency.parent_code, [])
        day = agency.validity.first_day_outside([parent.validity for parent in parents])
        if day:
            yield agency, "parent_code", f'"{agency.parent_code}" is no agency on {day}, correct the code or the days'
        for level in dict.fromkeys(one.level for one in parents if one.validity.intersection(agency.validity)):
            if level not in ABOVE[agency.level]:
                text = (
                    f'"{agency.parent_code}" is a {level}, a {agency.level} is below {" or ".join(ABOVE[agency.level])}'
                )
                yield agency, "parent_code", Doubt(f"{text}: correct the code or the level")


def _check_names(agencies: Iterable[Agency]) -> Iterator[tuple[Agency, str, str]]:
    """An agency under two codes would be counted twice. Communes of two districts may share a name."""
    alike: defaultdict[tuple[str, str, str | None], list[Agency]] = defaultdict(list)
    for agency in agencies:
        same = alike[agency.name_vi, agency.level, agency.parent_code]
        twins = [one for one in same if one.code != agency.code and one.validity.intersection(agency.validity)]
        if twins:
            text = f'"{agency.name_vi}" is {twins[0].code} too in these days, correct the name or take one out'
            yield agency, "name_vi", Doubt(text)
        same.append(agency)
