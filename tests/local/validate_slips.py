"""Ordinary slips in the written files, and the line of ``make validate`` that names each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slip:
    """An ordinary slip: in ``file`` of include/, ``old`` is written as ``new``; ``line``: the whole line that names it.

    ``copy_of``: the file is a copy of another one. ``old`` "" with ``new``: the whole file.
    """

    name: str
    file: str
    old: str
    new: str
    line: str
    copy_of: str = ""


RECIPIENTS = """\
recipients:
  - id: lanh-dao
    name_vi: Lãnh đạo
    audience: performance
    channel: email
    agencies: [H58]
  - id: so-y-te
    name_vi: Sở Y tế
    audience: performance
    channel: email
    address: so y te@example.invalid
    agencies: [H58.16]
"""
FOR_NOBODY = """\
recipients:
  - id: so-y-te
    name_vi: Sở Y tế
    audience: performance
    channel: email
    address: so-y-te@example.invalid
    agencies: [H58.16, H58.99]
    indicators: ["II.1.*", "III.*"]
"""
PLAN, TASKS, SETS = "catalog/plan_2024.yaml", "catalog/tasks_2024.yaml", "catalog/agency_sets.yaml"
AGENCIES, HOLIDAYS, RULES = "catalog/agencies.csv", "catalog/holidays.yaml", "alerts/rules.yaml"
EOFFICE, TREASURY, PORTAL = "sources/eoffice.yaml", "sources/treasury.yaml", "sources/national_portal.yaml"
RETURNS, WORDING, REASONS = "sources/returns.yaml", "messages/alerts.yaml", "messages/rejection_reasons.yaml"
COMPARATOR = (
    '        comparator: ">="\n        targets: [{valid_from: 2024-01-01, value: 80}]\n        judged: as_reported'
)

RECEIPT = "messages/receipt.yaml"

# All of these stand in the files at once.
TOGETHER = [
    Slip("comparator the wrong way round", PLAN, COMPARATOR, COMPARATOR.replace(">=", "=>"),
         'plan_2024.yaml, entry II.1.a-1, field comparator: "=>" is not one of >=, >, ='),
    Slip("decimal comma", PLAN, "value: 9.5}", "value: 9,5}",
         "plan_2024.yaml, entry II.8-1, field targets[0].5: is a number without a name, write a decimal with a "
         "point: 9.5"),
    Slip("year of the plan's end mistyped", PLAN, "valid_to: 2024-12-31\n\nclauses", "valid_to: 2042-12-31\n\nclauses",
         "plan_2024.yaml, header, field valid_to: 2042-12-31 is not in the plan's year 2024, a plan is for one "
         "year"),
    Slip("year of signing mistyped", PLAN, "signed_on: 2024-01-11", "signed_on: 2042-01-11",
         "plan_2024.yaml, header, field signed_on: 2042-01-11 is neither in the plan's year 2024 nor in the one "
         "before, correct it"),
    Slip("code used twice", PLAN, "code: II.1.a-3", "code: II.1.a-2",
         "plan_2024.yaml, entry II.1.a-2, field code: is there 2 times, a code names one entry"),
    Slip("no day of the calendar", TASKS, "due_on: 2024-03-31", "due_on: 2024-03-32",
         'tasks_2024.yaml, entry PL.III.1, field due_on: "2024-03-32" is not a day, write it as 2024-12-31'),
    Slip("parent that isn't there", AGENCIES, "H58.02,,Sở Nội vụ,department,H58,", "H58.02,,Sở Nội vụ,department,H85,",
         'agencies.csv, entry H58.02 (line 4), field parent_code: "H85" is no agency on 2024-01-01, correct the '
         "code or the days"),
    Slip("days swapped", AGENCIES, "H58.03,,Sở Tư pháp,department,H58,2024-01-01,2025-07-01",
         "H58.03,,Sở Tư pháp,department,H58,2025-07-01,2024-01-01",
         "agencies.csv, entry H58.03 (line 5), field valid_to_exclusive: 2024-01-01 is not after 2025-07-01"),
    Slip("set of an unknown agency", SETS, "except_codes: [H58.19]", "except_codes: [H58.190]",
         'agency_sets.yaml, entry co_quan_chuyen_mon, field except_codes: "H58.190" is not in agencies.csv, add '
         "or correct it"),
    Slip("year of a holiday mistyped", HOLIDAYS, "first: 2024-04-18\n    last: 2024-04-18",
         "first: 2042-04-18\n    last: 2042-04-18",
         "holidays.yaml, break 2042-04-18, field first: 2042 is not one of years, add it there"),
    Slip("kind of alert mistyped", RULES, "  run_late: urgent", "  run_latte: urgent",
         'rules.yaml, field severity.run_latte: "run_latte" is not one of missed, behind, drop, unknown, '
         "reconciliation, task_overdue, task_due_soon, source_late, run_late, run_failed, undelivered"),
    Slip("recipient without an address", "alerts/recipients.yaml", "recipients: []\n", RECIPIENTS,
         "recipients.yaml, recipient lanh-dao, field address: is missing, add it"),
    Slip("address with spaces", "alerts/recipients.yaml", "", "",
         'recipients.yaml, recipient so-y-te, field address: "so y te@example.invalid" is no e-mail address, '
         "write it as ten@tinh.gov.vn"),
    Slip("word of a message left out", WORDING, "points: điểm\n", "",
         "alerts.yaml, field points: is missing, add it"),
    Slip("cron with six fields", EOFFICE, '"30 4 * * *" ', '"0 30 4 * * *" ',
         'eoffice.yaml, field schedule: "0 30 4 * * *" is no minute and hour of every day before 06:00, write '
         'it as "30 4 * * *"'),
    Slip("key that names no column", EOFFICE, "key: [agency_code, day]", "key: [agency_code, date]",
         'eoffice.yaml, field key[1]: "date" is no column of fields, it has agency_code, agency_name, day, .+'),
    Slip("two fields for one column", EOFFICE, "{column: sent_on_paper, ", "{column: sent, ",
         'eoffice.yaml, field fields.VanBanDiGiay.column: "sent" is filled by VanBanDi already, give each its own'),
    Slip("metric twice", EOFFICE, "sent_without_paper, processed_online]", "sent_electronically, processed_online]",
         'eoffice.yaml, field metrics: "sent_electronically" is there 2 times, keep one'),
    Slip("key forgotten", TREASURY, "owner: so-tai-chinh\n", "",
         "treasury.yaml, field owner: is missing, add it"),
    Slip("number in words", TREASURY, "  tries: 4\n", "  tries: bốn\n",
         'treasury.yaml, field requests.tries: "bốn" is not a whole number, write it in digits'),
    Slip("no code of success", TREASURY, 'success_codes: ["0", "00"]', "success_codes: []",
         "treasury.yaml, field success_codes: is empty, fill it in"),
    Slip("placeholder of another system", TREASURY, 'NgayKetSo: "{end}"', 'NgayKetSo: "{ngay}"',
         'treasury.yaml, field request.NgayKetSo: "{ngay}" is not one of {start}, {end}, {year}'),
    Slip("field mistyped", TREASURY, "allowed_delay_days:", "alowed_delay_days:",
         "treasury.yaml, field alowed_delay_days: is not a field of this entry, correct its name or take it out"),
    Slip("and so missing", TREASURY, "", "",
         "treasury.yaml, field allowed_delay_days: is missing, add it"),
    Slip("suite that was renamed", PORTAL, "rows: statistic\n", "rows: statistics\n",
         "national_portal.yaml, field rows: there is no include/expectations/national_portal_statistics.json, "
         "correct the name or write it"),
    Slip("table that isn't there", PORTAL, "", "",
         "national_portal.yaml, field rows: there is no table staging.national_portal_statistics in "
         "include/sql/schema/, correct the name or add it"),
    Slip("SQL file mistyped", PORTAL, "publish: [core.portal_department,", "publish: [core.portal_departments,",
         "national_portal.yaml, field publish[0]: there is no include/sql/publish/core.portal_departments.sql, "
         "correct the name or write it"),
    Slip("and so not withdrawn", PORTAL, "", "",
         "national_portal.yaml, field publish[0]: include/sql/withdraw/rows.sql leaves out core.portal_departments, "
         "delete its rows there"),
    Slip("column that isn't there", RETURNS, "{column: note, type: text}", "{column: remark, type: text}",
         'returns.yaml, field sheets.ChiTieu.fields.Ghi chú.column: staging.returns_row has no column "remark", '
         "correct it or add it there"),
    Slip("type that the column can't hold", RETURNS, "{column: done_on, type: date}", "{column: done_on, type: text}",
         'returns.yaml, field sheets.NhiemVu.fields.Ngày hoàn thành.type: column "done_on" is date in '
         "staging.returns_row, a text needs text: correct one"),
    Slip("agency below itself", AGENCIES, "Sở Y tế,department,H58,", "Sở Y tế,department,H58.16,",
         'agencies.csv, entry H58.16 (line 18), field parent_code: "H58.16" is the agency itself, name the agency '
         "above"),
    Slip("agency below one of its level", AGENCIES, "Sở Ngoại vụ,department,H58,", "Sở Ngoại vụ,department,H58.01,",
         'agencies.csv, entry H58.17 (line 19), field parent_code: "H58.01" is a department, a department is '
         "below province: correct the code or the level"),
    Slip("one agency under two codes", AGENCIES, ",,Sở Giao thông vận tải,", ",,Sở Xây dựng,",
         'agencies.csv, entry H58.09 (line 11), field name_vi: "Sở Xây dựng" is H58.08 too in these days, correct '
         "the name or take one out"),
    Slip("sign that nobody sees", AGENCIES, "H58.18,,", "H58.18\u200b,,",
         'agencies.csv, entry H58.18\\u200b (line 20), field code: "H58.18\\u200b" is no code of an agency, write '
         "it as H58.31: capitals, digits and points"),
    Slip("set of no agency", SETS, "name_starts_with: Phòng Tư pháp", "name_starts_with: Phòng Tư Pháp",
         "agency_sets.yaml, entry phong_tu_phap: selects no agency of agencies.csv, correct its levels, codes, "
         "name_starts_with or days"),
    Slip("target of 800 percent", PLAN, "value: 90}", "value: 900}",
         "plan_2024.yaml, entry II.1.dd-1, field targets[0].value: 900 is more than 100 percent of a share, "
         "correct it (or write may_exceed_100: true)"),
    Slip("target below 0", PLAN, "value: 100}", "value: -100}",
         "plan_2024.yaml, entry II.1.d-1, field targets[0].value: -100 is below 0, correct it"),
    Slip("hour in words", RULES, 'run_ready_by: "06:30"', "run_ready_by: 6 giờ 30",
         'rules.yaml, field run_ready_by: "6 giờ 30" is no time of day, write it as "07:00"'),
    Slip("points with a percent sign", RULES, "urgent_gap: 5", "urgent_gap: 5%",
         'rules.yaml, field urgent_gap: "5%" is not a number, write digits with a point and no other sign: 1.5'),
    Slip("placeholder twice", EOFFICE, 'DenNgay: "{end}"', 'DenNgay: "{start}"',
         "eoffice.yaml, field request: sends {start} twice, give each field its own"),
    Slip("and so one left out", EOFFICE, "", "",
         "eoffice.yaml, field request: doesn't send {end}, by which the source knows the window: add it"),
    Slip("key that may be missing", EOFFICE, "agency_code, type: code, required: true}", "agency_code, type: code}",
         'eoffice.yaml, field key[0]: "agency_code" may be missing, write required: true at fields.MaDinhDanh'),
    Slip("first wait longer than the longest", EOFFICE, "first_wait_seconds: 2\n", "first_wait_seconds: 200\n",
         "eoffice.yaml, field requests.first_wait_seconds: 200 is longer than max_wait_seconds, 120: correct "
         "one"),
    Slip("answer sooner than a part of it", EOFFICE, "answer_timeout_seconds: 120", "answer_timeout_seconds: 12",
         "eoffice.yaml, field requests.answer_timeout_seconds: 12 is less than read_timeout_seconds, 60, though a "
         "whole answer takes longer than a part: correct one"),
    Slip("copy left as it was", "sources/eoffice_moi.yaml", "protocol: records", "protocol: rest",
         'eoffice_moi.yaml, field protocol: "rest" is not one of portal_evaluation, records, files', copy_of=EOFFICE),
    Slip("ending that nobody reads", "sources/one_stop.yml", "", "",
         "one_stop.yml: is not read, call it <source>.yaml or take it out",
         copy_of=EOFFICE),
    Slip("plan under a name that nobody reads", "catalog/plan-2025.yaml", "", "",
         "plan-2025.yaml: is not read, call it one of agencies.csv, agency_sets.yaml, plan_*.yaml, tasks_*.yaml, "
         "holidays.yaml, or take it out", copy_of=PLAN),
]  # fmt: skip

# A file that can't be read at all shows nothing else: each of these has the file to itself.
ALONE = [
    Slip("tab in the indentation", TASKS, "    tasks:\n      - code: PL.I.1\n", "\ttasks:\n      - code: PL.I.1\n",
         "tasks_2024.yaml: is not readable as YAML: a tab at line 26, column 1; indent with spaces, close what is "
         'opened, put text with ": " or " #" into quotes'),
    Slip("table in latin-1", AGENCIES, "", "latin-1",
         "agencies.csv: is not UTF-8 at byte 203, save it as UTF-8"),
    Slip("field written twice", SETS, "    levels: [district]\n", "    levels: [district]\n    levels: [commune]\n",
         "agency_sets.yaml, entry huyen, field levels: is written twice (line 34), keep one"),
    Slip("bracket left open", RULES, "reconciliation_flags: [sources_differ, children_differ]",
         "reconciliation_flags: [sources_differ, children_differ",
         'rules.yaml: is not readable as YAML: .+; indent with spaces, close what is opened, put text with ": " '
         'or " #" into quotes'),
    Slip("placeholder of a mail mistyped", WORDING, "{prefix} {counts} – ngày {day}", "{prefix} {counts} – ngày {ngay}",
         "alerts.yaml, field subject: {ngay} is no fact, there are acknowledged, agency, .+, value, variant"),
    Slip("field of a profile twice", RETURNS, "measures: returns\n", "measures: returns\nmeasures: treasury\n",
         "returns.yaml, top of the file, field measures: is written twice (line 15), keep one"),
    Slip("profile under another name", TREASURY, "protocol: records\n", "protocol: records\nsource: eoffice\n",
         'treasury.yaml, field source: "eoffice" is not the name of the file, take it out'),
    Slip("suite that isn't JSON", "expectations/national_portal_response.json", '"name"', "name",
         "national_portal.yaml, field staging: include/expectations/national_portal_response.json is not readable "
         "as JSON (.+), correct it"),
    Slip("metric that the profile lacks", EOFFICE, "metrics: [sent_electronically,", "metrics: [sent_by_mail,",
         'plan_2024.yaml, entry .+, field metric: "eoffice.sent_electronically" is no metric of eoffice.yaml, it '
         "has .+"),
]  # fmt: skip

# In what a profile names.
NAMED = [
    Slip("SQL saved in UTF-16", "sql/measures/treasury.sql", "", "utf-16",
         "treasury.yaml, field measures: include/sql/measures/treasury.sql is not UTF-8 at byte 0, save it as "
         "UTF-8"),
    Slip("migration in UTF-16", "sql/schema/0005_mart.sql", "", "utf-16",
         "0005_mart.sql: is not UTF-8 at byte 0, save it as UTF-8"),
    Slip("severity in brackets", "expectations/returns_response.json",
         '"severity": "critical"', '"severity": ["critical"]',
         "returns.yaml, field staging: include/expectations/returns_response.json, rule not_a_workbook: severity "
         "\"['critical']\" is not one of critical, warning, info"),
    Slip("column of a rule mistyped", "expectations/returns_row.json",
         "from {batch} where ", "from {batch} where agencycode is null or ",
         "returns.yaml, field rows: include/expectations/returns_row.json, rule wrong_field_count: "
         "unexpected_rows_query names \"agencycode\", which its audit view doesn't have: is agency_code meant?"),
    Slip("batch left out", "expectations/treasury_row.json",
         "from {batch} where cardinality(percent)", "from staging.treasury_row where cardinality(percent)",
         "treasury.yaml, field rows: include/expectations/treasury_row.json, rule percent: unexpected_rows_query "
         "leaves out {batch}, the rows of the load: write from {batch}"),
    Slip("type of a rule mistyped", "expectations/eoffice_response.json",
         "expect_column_values_to_be_in_set", "expect_column_value_to_be_in_set",
         "eoffice.yaml, field staging: include/expectations/eoffice_response.json, rule wrong_envelope_code: type "
         '"expect_column_value_to_be_in_set" is not one of unexpected_rows_expectation, .+'),
    Slip("tasks of another province", TASKS, "province: H58", "province: H85",
         'tasks_2024.yaml, header, field province: "H85" has no plan in this folder that these tasks belong to, '
         "correct it or add the plan"),
]  # fmt: skip

# Seen only where the catalog is right.
CONCERNS = [
    Slip("agency of a recipient mistyped", "alerts/recipients.yaml", "recipients: []\n", FOR_NOBODY,
         'recipients.yaml, recipient so-y-te, field agencies[1]: "H58.99" is not in agencies.csv, add or correct '
         "it"),
    Slip("indicator of a recipient mistyped", "alerts/recipients.yaml", "", "",
         'recipients.yaml, recipient so-y-te, field indicators[1]: "III.*" is no indicator of a plan, nor the '
         "beginning of one, correct it"),
    Slip("variant that no plan has", RULES, "variants: [primary, dossier_based]", "variants: [primary, dossiers]",
         'rules.yaml, field variants[1]: "dossiers" is no variant of a plan, there are both_digitised, '
         "council_plan, dossier_based, each_agency, joint, paperless, pooled, portal_only, primary"),
    Slip("metric derived of an unknown indicator", RETURNS, "of: [II.2-1, II.2-2]", "of: [II.2-1, II.2-9]",
         'returns.yaml, field derived.II.2.pooled.of[1]: "II.2-9" is no indicator of a plan of H58, correct it'),
    Slip("copy that asks the same", "sources/returns_moi.yaml", "", "",
         "returns_moi.yaml, field inbox: returns.yaml has files of inbox returns_inbox with the headings .+ "
         "already, change or remove one of the two files",
         copy_of=RETURNS),
    Slip("reason for a rule left out", REASONS, "value_missing: Thiếu", "value_mising: Thiếu",
         "rejection_reasons.yaml, field value_missing: is missing, explain to the sender what is wrong and what to do"),
    Slip("placeholder of a message mistyped", RECEIPT, "và {count} số liệu khác", "và {coun} số liệu khác",
         "receipt.yaml, field more_keys: {coun} has no value here, there are: {count}"),
    Slip("key of a message mistyped", RECEIPT, "\nadvice: ", "\nadvise: ",
         "receipt.yaml, field advice: is missing, add it"),
    Slip("and so one unused", RECEIPT, "", "",
         "receipt.yaml, field advise: is used by nothing, correct its name or take it out"),
    Slip("label without its group", "messages/labels.yaml", "\nseverities:\n", "\nseverity:\n",
         "labels.yaml, field severities: is missing, add it"),
    Slip("and so three unused", "messages/labels.yaml", "", "",
         "labels.yaml, field severity.critical: is used by nothing, correct its name or take it out"),
    Slip("second of them", "messages/labels.yaml", "", "",
         "labels.yaml, field severity.warning: is used by nothing, correct its name or take it out"),
    Slip("third of them", "messages/labels.yaml", "", "",
         "labels.yaml, field severity.info: is used by nothing, correct its name or take it out"),
    Slip("message file that nothing reads", "messages/recept.yaml", "", "",
         "recept.yaml: is read by nothing, correct its name or take it out", copy_of="messages/receipt.yaml"),
]  # fmt: skip
GROUPS = {"together": TOGETHER, "alone": ALONE, "named": NAMED, "concerns": CONCERNS}
