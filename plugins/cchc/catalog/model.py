"""The records of the catalog, typed and frozen.

The files of include/catalog/ explain the fields. Reading is in ``loading``, checks between records in ``consistency``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints

from cchc.calendar import DateRange, budget_year_closes_on, merge_ranges
from cchc.sources.profile_parts import Level
from cchc.strict_yaml import Filled, Identifier, Text, of_form

Comparator = Literal[">=", ">", "="]
Counts = Literal["whole", "amount", "rate"]
Judged = Literal["as_reported", "year_end", "yearly_survey"]
ReportedFor = Literal["agencies", "province"]
RollUp = Literal["own", "pooled", "share_of_agencies", "agencies_attaining"]
Rule = Literal["year_to_date", "as_of_day", "since_start", "budget_year", "year", "undefined"]
DeadlineKind = Literal[
    "fixed_window", "quarter", "quarter_range", "from_date_open", "ongoing", "ongoing_periodic", "per_plan",
    "per_regulation", "per_decision", "on_request_moha", "on_central_direction", "event_driven", "event_driven_project",
]  # fmt: skip

# Sources of the plan without a profile in include/sources/; none: no source feeds the indicator.
PLANNED_SOURCES = frozenset({"one_stop", "none"})
# A terminal of 120 columns holds the attainment table with names of this length.
SHORT_NAME_LENGTH = 36


def _exact_number(value: object) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise ValueError("is not a number, write it without quotes and with a point: 9.5")


AgencyCode = Annotated[
    str, of_form(r"[A-Z][0-9]{2}(\.[A-Z0-9]+)*", "code of an agency, write it as H58.31: capitals, digits and points")
]
IndicatorCode = Annotated[
    str, of_form(r"[A-Z]+(\.[A-Za-z0-9]+)*-[0-9a-z]+", "code of an indicator, write clause, hyphen, number: II.1.b-1")
]
TaskCode = Annotated[str, of_form(r"PL(\.[A-Z0-9]+)+", "code of a task, write it as PL.I.1")]
Year = Annotated[int, Field(strict=True, ge=2000, le=2100)]
Metric = Annotated[
    str, of_form(r"[a-z_]+(\.[A-Za-z0-9_-]+)+", "metric of a source, write it as national_portal.online_payment")
]
Number = Annotated[Decimal, BeforeValidator(_exact_number)]
# Bounds against a year that is mistyped.
Day = Annotated[date, Field(strict=True, ge=date(1900, 1, 1), le=date(2100, 12, 31))]
Levels = Annotated[tuple[Level, ...], Filled]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(_Record):
    """A target in force from ``valid_from`` to ``valid_to``, both included; ``valid_to`` None: until the next one."""

    valid_from: Day
    valid_to: Day | None = None
    value: Number | None
    reason_vi: Text | None = None


class Milestone(_Record):
    """A step on the way to the target: the value to be reached by the end of the day ``by``."""

    by: Day
    value: Number


Targets = Annotated[tuple[Target, ...], Filled]


class Population(_Record):
    """The population of an indicator: the agencies that it is about.

    ``levels``: the levels that have rows; ``set``: the agencies counted, where agencies are counted.
    """

    set: Identifier | None = None
    levels: Levels


class Variant(_Record):
    """A further interpretation of the same words, computed beside the primary one. None = as in the indicator."""

    variant: Identifier
    explanation_vi: Text
    explanation: Text
    metric: Metric
    source: Identifier | None = None
    comparator: Comparator | None = None
    targets: Targets | None = None
    milestones: tuple[Milestone, ...] | None = None
    population: Population | None = None
    reported_for: ReportedFor | None = None
    roll_up: RollUp | None = None
    period: Rule | None = None


class Indicator(_Record):
    """An indicator of a plan in its primary variant, and its other variants."""

    code: IndicatorCode
    clause: Text
    wording_vi: Text
    name_vi: Text
    short_name_vi: Annotated[Text, StringConstraints(max_length=SHORT_NAME_LENGTH)]
    unit: Text
    counts: Counts
    comparator: Comparator | None
    targets: Targets
    is_aspirational: StrictBool = False
    is_share: StrictBool = True
    may_exceed_100: StrictBool = False
    is_target_reported: StrictBool = False
    judged: Judged
    published_on: Day | None = None
    milestones: tuple[Milestone, ...] = ()
    population: Population
    source: Identifier
    metric: Metric | None = None
    reported_for: ReportedFor = "agencies"
    roll_up: RollUp = "own"
    period: Rule
    exclusions_vi: Text | None = None
    variants: tuple[Variant, ...] = ()
    lead_agency_vi: Text
    lead_agency_code: AgencyCode | None = None
    ruling: Text
    other_variants: Text | None = None

    def with_variant(self, variant: Variant) -> Indicator:
        """The indicator with the fields that a variant sets in place of its own."""
        own = {name: value for name, value in variant if value is not None and name in Indicator.model_fields}
        return self.model_copy(update=own)


class Plan(_Record):
    """The plan of one province for one year. ``valid_to`` is its last day; ``indicators`` in the decision's order."""

    year: Year
    province: AgencyCode
    name_vi: Text
    legal_basis_vi: Text
    signed_on: Day
    valid_from: Day
    valid_to: Day
    indicators: tuple[Indicator, ...]

    def closes_on(self, indicator: Indicator) -> date:
        """The last day on which values of this plan's year are reported."""
        return budget_year_closes_on(self.year) if indicator.period == "budget_year" else self.valid_to


class Answering(_Record):
    """The agencies that answer for a task: by code, and as members of sets."""

    codes: tuple[AgencyCode, ...] = ()
    sets: tuple[Identifier, ...] = ()


class Task(_Record):
    """A task of the plan's annex, in its words. ``due_on``: the last day; None = neither late nor due."""

    code: TaskCode
    group_vi: Text
    content_vi: Text
    lead_agency_vi: Text
    coordinating_agency_vi: Text | None = None
    approving_level_vi: Text | None = None
    deadline_vi: Text
    deadline_kind: DeadlineKind
    starts_on: Day | None = None
    due_on: Day | None = None
    indicators: tuple[IndicatorCode, ...] = ()
    agencies: Answering


class Annex(_Record):
    """The annex of one province's plan: its tasks, in order.

    ``due_soon_days``: a task is due soon on so many days before its last day.
    """

    year: Year
    province: AgencyCode
    due_soon_days: Annotated[int, Field(strict=True, ge=0)]
    tasks: tuple[Task, ...]


class Agency(_Record):
    """One version of an agency, valid from ``valid_from`` to the day before ``valid_to_exclusive`` (None = open)."""

    code: AgencyCode
    gso_code: Text | None = None
    name_vi: Text
    level: Level
    parent_code: AgencyCode | None = None
    valid_from: Day
    valid_to_exclusive: Day | None = None
    is_synthetic_code: StrictBool
    note: Text | None = None

    @property
    def validity(self) -> DateRange:
        """The days of this version."""
        return DateRange(self.valid_from, self.valid_to_exclusive)

    @property
    def province_code(self) -> str:
        """The code of the root agency: every identifier code begins with it."""
        return province_of(self.code)


class AgencySet(_Record):
    """A named set of agencies, as a rule over the agencies of a day; agency_sets.yaml explains ``is_list_complete``."""

    code: Identifier
    name_vi: Text
    levels: Levels
    except_codes: tuple[AgencyCode, ...] = ()
    only_codes: tuple[AgencyCode, ...] = ()
    name_starts_with: Text | None = None
    valid_from: Day
    valid_to_exclusive: Day | None = None
    is_list_complete: StrictBool
    note: Text | None = None

    @property
    def validity(self) -> DateRange:
        """The days on which the set is valid."""
        return DateRange(self.valid_from, self.valid_to_exclusive)

    def selects(self, agency: Agency) -> bool:
        """Whether the rule selects this version of an agency, on any day."""
        return (
            agency.level in self.levels
            and agency.code not in self.except_codes
            and (not self.only_codes or agency.code in self.only_codes)
            and agency.name_vi.startswith(self.name_starts_with or "")
        )

    def member_ranges(
        self, agencies: Iterable[Agency], unregistered: Iterable[Agency] = ()
    ) -> Iterator[tuple[Agency, DateRange]]:
        """Each version of an agency in the set, with the days on which both are valid.

        ``unregistered``: agencies seen in data, missing in the catalog. A complete list excludes them.
        """
        for agency in (*agencies, *(() if self.is_list_complete else unregistered)):
            days = self.validity.intersection(agency.validity) if self.selects(agency) else None
            if days:
                yield agency, days


class Catalog(_Record):
    """The catalog of ``province``: its plans and annexes by year, and every agency and set of the files."""

    province: AgencyCode
    plans: tuple[Plan, ...]
    annexes: tuple[Annex, ...]
    agencies: tuple[Agency, ...]
    sets: tuple[AgencySet, ...]

    def members(self, set_code: str, day: date) -> list[Agency]:
        """The agencies of a set on a day, by code. Raises KeyError where there is no such set."""
        found = {known.code: known for known in self.sets}[set_code]
        members = [agency for agency, days in found.member_ranges(self.agencies) if days.contains(day)]
        return sorted(members, key=lambda agency: agency.code)

    def reporters(self, indicator: Indicator, day: date) -> list[Agency]:
        """The agencies of the province that report their own value on a day, by code.

        The root is one of them: its value comes from the indicator's lead agency. Where agencies are counted, the
        members of the set report, also those whose level has no row.
        """
        population = indicator.population
        valid = [agency for agency in self.agencies if agency.validity.contains(day)]
        reporting = {agency for agency in valid if agency.code == self.province}
        if indicator.reported_for == "agencies" and population.set is not None:
            reporting.update(self.members(population.set, day))
        elif indicator.reported_for == "agencies":
            reporting.update(agency for agency in valid if agency.level in population.levels)
        ours = [agency for agency in reporting if agency.province_code == self.province]
        return sorted(ours, key=lambda agency: agency.code)

    def answering_ranges(self, task: Task, unregistered: Iterable[Agency] = ()) -> Iterator[tuple[Agency, DateRange]]:
        """Each version of an agency of the province that answers for a task, with the days of its answering.

        ``unregistered``: agencies seen in data, missing in the catalog; they join the sets whose list isn't complete.
        """
        named = [known for known in self.sets if known.code in task.agencies.sets]
        for agency, of_set in (
            *((agency, ([agency], [])) for agency in self.agencies),
            *((agency, ([], [agency])) for agency in unregistered),
        ):
            if agency.province_code == self.province:
                days = [agency.validity] if agency.code in task.agencies.codes else []
                days += [shared for known in named for _, shared in known.member_ranges(*of_set)]
                yield from ((agency, shared) for shared in merge_ranges(days))

    def answerers(self, task: Task, day: date) -> list[Agency]:
        """The agencies that answer for a task on a day, by code."""
        answering = [agency for agency, days in self.answering_ranges(task) if days.contains(day)]
        return sorted(answering, key=lambda agency: agency.code)


def province_of(agency_code: str) -> str:
    """The province's code at the head of an identifier code: H58 of H58.31.P03."""
    return agency_code.partition(".")[0]


def target_ranges(targets: Iterable[Target]) -> list[tuple[Target, DateRange]]:
    """Each target with its days, by first day. Without ``valid_to`` it ends where the next begins.

    The last one stays open: it also serves later years without a plan of their own.
    """
    ordered = sorted(targets, key=lambda target: target.valid_from)
    successors = [*ordered[1:], None]
    return [
        (target, DateRange(target.valid_from, _first_day_after(target, successor)))
        for target, successor in zip(ordered, successors, strict=True)
    ]


def _first_day_after(target: Target, successor: Target | None) -> date | None:
    if target.valid_to is not None:
        return target.valid_to + timedelta(days=1)
    return successor.valid_from if successor else None
