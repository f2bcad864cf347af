-- Rules of attainment as functions. include/sql/attainment/ calls them, and so can an analyst. Each is one expression,
-- which the planner writes into the statement that calls it. Parameters bear the names of columns: value, numerator,
-- denominator, ratio and target of a result; the others of mart.indicator.
create or replace function mart.budget_year_closes_on(budget_year int) returns date
language sql immutable parallel safe
return make_date(budget_year + 1, 1, 31);
comment on function mart.budget_year_closes_on is 'Day on which a budget year closes: 31 January of the next year.';

create or replace function mart.figure_year(as_of_date date, plan_year int, period text, closes_on date) returns int
language sql immutable parallel safe
return case
    when period = 'budget_year' and as_of_date <= closes_on then plan_year
    else extract(year from as_of_date)::int
end;
comment on function mart.figure_year is 'Year whose values a result of that day holds: the budget year until it closes, else the year of the day.';

create or replace function mart.shift_years(day date, from_year int, to_year int) returns date
language sql immutable parallel safe
return (day + make_interval(years => to_year - from_year))::date;
comment on function mart.shift_years is 'The same day of the calendar in another year: a plan that serves a later year keeps its days.';

create or replace function mart.result_value(is_share boolean, numerator numeric, denominator numeric, ratio numeric)
returns numeric
language sql immutable parallel safe
return coalesce(case when is_share then numerator * 100 / nullif(denominator, 0) else numerator end, ratio);
comment on function mart.result_value is 'Value of a result: numerator × 100 ÷ denominator for a share, else the numerator; where they are missing, the ratio that the source gives.';

create or replace function mart.sign_of_gap(
    is_share boolean, numerator numeric, denominator numeric, ratio numeric, target numeric
) returns numeric
language sql immutable parallel safe
return sign(coalesce(
    case when is_share then numerator * 100 - target * nullif(denominator, 0) else numerator - target end,
    ratio - target
));
comment on function mart.sign_of_gap is 'Sign of value − target: −1 below the target, 0 at it, 1 above it. Exact: a share is compared by multiplying out, so 89.996 % is below 90. NULL without a value or a target.';

create or replace function mart.is_reached(comparator text, sign_of_gap numeric) returns boolean
language sql immutable parallel safe
return sign_of_gap = any(
    case comparator
        when '>=' then '{0, 1}'::numeric[]
        when '>' then '{1}'::numeric[]
        when '=' then '{0}'::numeric[]
    end
);
comment on function mart.is_reached is 'True: the value satisfies the comparator (>=, > or =) with the target. NULL without a value, a target or a comparator.';

create or replace function mart.is_invalid(
    is_share boolean, may_exceed_100 boolean, numerator numeric, denominator numeric, ratio numeric
) returns boolean
language sql immutable parallel safe
return coalesce(least(numerator, denominator, ratio) < 0, false)
or coalesce(is_share and not may_exceed_100 and (numerator > denominator or ratio > 100), false);
comment on function mart.is_invalid is 'True: a part is negative, or a share that may not exceed 100 % exceeds it.';

create or replace function mart.is_over_100(
    is_share boolean, may_exceed_100 boolean, numerator numeric, denominator numeric, ratio numeric
) returns boolean
language sql immutable parallel safe
return coalesce(
    is_share
    and may_exceed_100
    and least(numerator, denominator, ratio) >= 0
    and denominator is distinct from 0
    and (numerator > denominator or ratio > 100),
    false
);
comment on function mart.is_over_100 is 'True: a share exceeds 100 % and may do so. The result is judged and flagged over_100.';

create or replace function mart.result_status(
    is_not_applicable boolean, is_known boolean, is_invalid boolean, is_reached boolean, judged text, as_of_date date,
    published_on date, closes_on date
) returns text
language sql immutable parallel safe
return case
    when is_not_applicable then 'not_applicable'
    when judged = 'yearly_survey' and not is_known and as_of_date < published_on then 'pending'
    when not is_known or is_reached is null then 'no_data'
    when is_invalid then 'invalid'
    when is_reached then 'attained'
    when judged = 'year_end' and as_of_date < closes_on then 'pending'
    else 'missed'
end;
comment on function mart.result_status is 'Status of a result. is_not_applicable: its denominator is 0, or its set has no agency. is_known: it has a value. is_invalid, is_reached: mart.is_invalid, mart.is_reached. Judged at year''s end it is pending until closes_on; a yearly survey is pending until published_on.';

grant execute on function
mart.budget_year_closes_on, mart.figure_year, mart.shift_years, mart.result_value, mart.sign_of_gap, mart.is_reached,
mart.is_invalid, mart.is_over_100, mart.result_status
to cchc_loader, cchc_analyst;
