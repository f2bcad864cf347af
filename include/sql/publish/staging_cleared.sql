-- The load is accounted for: its staged rows are no longer needed.
delete from staging.national_portal_statistic where load_id = %(load_id)s;
delete from staging.national_portal_response where load_id = %(load_id)s;
delete from staging.eoffice_unit_day where load_id = %(load_id)s;
delete from staging.eoffice_response where load_id = %(load_id)s;
delete from staging.treasury_row where load_id = %(load_id)s;
delete from staging.treasury_response where load_id = %(load_id)s;
delete from staging.returns_row where load_id = %(load_id)s;
delete from staging.returns_response where load_id = %(load_id)s;
delete from staging.rule_violation where load_id = %(load_id)s;
