-- Rules of attainment as functions. include/sql/attainment/ calls them, and so can an analyst. Each is one expression,
-- which the planner writes into the statement that calls it.
create or replace function mart.budget_year_close(budget_year int) returns date
language sql immutable strict parallel safe
return make_date(budget_year + 1, 1, 31);
comment on function mart.budget_year_close is 'Day on which a budget year closes: 31 January of the next year.';

create or replace function mart.figure_year(as_of_date date, plan_year int, period text, closes_on date) returns int
language sql immutable parallel safe
return case
    when period = 'budget_year' and as_of_date <= closes_on then plan_year
    else extract(year from as_of_date)::int
end;
comment on function mart.figure_year is 'Year whose values a result of that day holds: the budget year until it closes, else the year of the day. plan_year, period and closes_on are those of mart.indicator.';

grant execute on function mart.budget_year_close, mart.figure_year to cchc_loader, cchc_analyst;
