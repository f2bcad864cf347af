"""``make validate`` names every mistake in the written files: file, entry, field, what is wrong and what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cchc.local.validate import validate_files
from cchc.settings import CHECKOUT

SETTINGS = ("CCHC_", "AIRFLOW_CONN_")


@dataclass(frozen=True)
class Slip:
    """An ordinary slip: in ``file`` of include/, ``old`` is written as ``new``; ``told``: the whole line that names it.

    ``copy_of``: the file is a copy of another one. ``old`` "" with ``new``: the whole file.
    """

    name: str
    file: str
    old: str
    new: str
    told: str
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
RETURNS, WORDING, REASONS = "sources/returns.yaml", "alerts/wording_vi.yaml", "inbox/reasons_vi.yaml"
COMPARATOR = (
    '        comparator: ">="\n        targets: [{valid_from: 2024-01-01, value: 80}]\n        judged: as_reported'
)

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
    Slip("kind of alert mistyped", RULES, "  night_late: urgent", "  night_latte: urgent",
         'rules.yaml, field severity.night_latte: "night_latte" is not one of missed, behind, drop, unknown, '
         "reconciliation, task_overdue, task_due_soon, source_late, night_late, run_failed, undelivered"),
    Slip("recipient without an address", "alerts/recipients.yaml", "recipients: []\n", RECIPIENTS,
         "recipients.yaml, recipient lanh-dao, field address: is missing, add it"),
    Slip("address with spaces", "alerts/recipients.yaml", "", "",
         'recipients.yaml, recipient so-y-te, field address: "so y te@example.invalid" is no e-mail address, '
         "write it as ten@tinh.gov.vn"),
    Slip("word of a message left out", WORDING, "points: điểm\n", "",
         "wording_vi.yaml, field points: is missing, add it"),
    Slip("cron with six fields", EOFFICE, '"30 4 * * *" ', '"0 30 4 * * *" ',
         'eoffice.yaml, field schedule: "0 30 4 * * *" is no minute and hour of every night before 06:00, write '
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
         "correct it (or say may_exceed_100: true)"),
    Slip("target below 0", PLAN, "value: 100}", "value: -100}",
         "plan_2024.yaml, entry II.1.d-1, field targets[0].value: -100 is below 0, correct it"),
    Slip("hour in words", RULES, 'night_ready_by: "06:30"', "night_ready_by: 6 giờ 30",
         'rules.yaml, field night_ready_by: "6 giờ 30" is no time of day, write it as "07:00"'),
    Slip("points with a percent sign", RULES, "urgent_gap: 5", "urgent_gap: 5%",
         'rules.yaml, field urgent_gap: "5%" is not a number, write digits with a point and no other sign: 1.5'),
    Slip("placeholder twice", EOFFICE, 'DenNgay: "{end}"', 'DenNgay: "{start}"',
         "eoffice.yaml, field request: sends {start} twice, give each field its own"),
    Slip("and so one left out", EOFFICE, "", "",
         "eoffice.yaml, field request: doesn't send {end}, by which the source knows the window: add it"),
    Slip("key that may be missing", EOFFICE, "agency_code, type: code, required: true}", "agency_code, type: code}",
         'eoffice.yaml, field key[0]: "agency_code" may be missing, write required: true at fields.MaDinhDanh'),
    Slip("first wait longer than the longest", EOFFICE, "first_wait_seconds: 2\n", "first_wait_seconds: 200\n",
         "eoffice.yaml, field requests.first_wait_seconds: 200 is longer than longest_wait_seconds, 120: correct "
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
         "agency_sets.yaml, entry huyen, field levels: is written twice (line 33), keep one"),
    Slip("bracket left open", RULES, "reconciliation_flags: [sources_differ, children_differ]",
         "reconciliation_flags: [sources_differ, children_differ",
         'rules.yaml: is not readable as YAML: .+; indent with spaces, close what is opened, put text with ": " '
         'or " #" into quotes'),
    Slip("name of a fact mistyped", WORDING, "{prefix} {counts} – ngày {day}", "{prefix} {counts} – ngày {ngay}",
         "wording_vi.yaml, field subject: {ngay} is no fact, there are acknowledged, agency, .+, value, variant"),
    Slip("field of a profile twice", RETURNS, "measures: returns\n", "measures: returns\nmeasures: treasury\n",
         "returns.yaml, top of the file, field measures: is written twice (line 15), keep one"),
    Slip("profile under another name", TREASURY, "protocol: records\n", "protocol: records\nsource: eoffice\n",
         'treasury.yaml, field source: "eoffice" is not the name of the file, take it out'),
    Slip("suite that isn't JSON", "expectations/national_portal_response.json", '"name"', "name",
         "national_portal.yaml, field staging: include/expectations/national_portal_response.json is not readable "
         "as JSON (.+), correct it"),
    Slip("metric that the profile lacks", EOFFICE, "metrics: [sent_electronically,", "metrics: [sent_by_mail,",
         'plan_2024.yaml, entry .+, field metric: "eoffice.sent_electronically" is no figure of eoffice.yaml, it '
         "has .+"),
]  # fmt: skip

# In what a profile names.
NAMED = [
    Slip("SQL saved in UTF-16", "sql/measures/treasury.sql", "", "utf-16",
         "treasury.yaml, field measures: include/sql/measures/treasury.sql is not UTF-8 at byte 0, save it as "
         "UTF-8"),
    Slip("migration in UTF-16", "sql/schema/0011_pace.sql", "", "utf-16",
         "0011_pace.sql: is not UTF-8 at byte 0, save it as UTF-8"),
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
         'recipients.yaml, recipient so-y-te, field indicators[1]: "III.*" is no entry of a plan, nor the '
         "beginning of one, correct it"),
    Slip("variant that no plan has", RULES, "variants: [primary, dossier_based]", "variants: [primary, dossiers]",
         'rules.yaml, field variants[1]: "dossiers" is no variant of a plan, there are both_digitised, '
         "council_plan, dossier_based, each_agency, joint, paperless, pooled, portal_only, primary"),
    Slip("derived of an unknown entry", RETURNS, "of: [II.2-1, II.2-2]", "of: [II.2-1, II.2-9]",
         'returns.yaml, field derived.II.2.pooled.of[1]: "II.2-9" is no entry of a plan of H58, correct it'),
    Slip("copy that asks the same", "sources/returns_moi.yaml", "", "",
         "returns_moi.yaml, field inbox: returns.yaml has files of inbox returns_inbox with the headings .+ "
         "already, change or remove one of the two files",
         copy_of=RETURNS),
    Slip("reason for a rule left out", REASONS, "value_missing: Thiếu", "value_mising: Thiếu",
         "reasons_vi.yaml, field value_missing: is missing, tell the sender what is wrong and what to do"),
]  # fmt: skip
GROUPS = {"together": TOGETHER, "alone": ALONE, "named": NAMED, "concerns": CONCERNS}

Validate = Callable[..., tuple[int, list[str]]]


@pytest.fixture(scope="module")
def validate(tmp_path_factory: pytest.TempPathFactory) -> Validate:
    """Run the command on a copy of the files with slips in them; gives its exit code and lines."""

    def run(slips: Iterable[Slip] = (), **settings: str) -> tuple[int, list[str]]:
        checkout = tmp_path_factory.mktemp("checkout")
        for folder in ("plugins", "include"):
            shutil.copytree(CHECKOUT / folder, checkout / folder)
        for slip in slips:
            make_slip(checkout / "include", slip)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        said = subprocess.run(
            [sys.executable, "-m", "cchc.local", "validate"],
            env={
                **environment,
                "PYTHONPATH": str(checkout / "plugins"),
                "CCHC_HOME": str(checkout / "home"),
                **settings,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.stderr == ""
        assert not (checkout / "home").exists()
        return said.returncode, said.stdout.splitlines()

    return run


def make_slip(include: Path, slip: Slip) -> None:
    """Make one slip in a copy of the files; one that finds no place is a mistake of the test."""
    path = include / slip.file
    if slip.copy_of:
        shutil.copy(include / slip.copy_of, path)
    text = path.read_text(encoding="utf-8")
    if slip.new == "latin-1":
        path.write_bytes(text.encode("latin-1", "replace"))
    elif slip.new == "utf-16":
        path.write_bytes(text.encode("utf-16"))
    elif slip.old:
        assert slip.old in text, slip
        path.write_text(text.replace(slip.old, slip.new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def groups(validate: Validate) -> dict[str, tuple[int, list[str]]]:
    """What the command says of each group of slips."""
    return {name: validate(slips) for name, slips in GROUPS.items()}


def matches(told: str, line: str) -> bool:
    """Whether a line is as told, to its end; ``.+`` stands for a long list or another library's words."""
    pattern = ".+".join(map(re.escape, told.split(".+")))
    return re.fullmatch(f"BAD  {pattern}", line) is not None


@pytest.mark.parametrize(
    ("group", "slip"), [(group, slip) for group, slips in GROUPS.items() for slip in slips],
    ids=lambda value: value.name if isinstance(value, Slip) else value,
)  # fmt: skip
def test_slip_is_named_with_its_place_and_what_to_do(
    groups: dict[str, tuple[int, list[str]]], group: str, slip: Slip
) -> None:
    code, lines = groups[group]
    assert code == 1
    assert [line for line in lines if matches(slip.told, line)], lines


def test_nothing_is_named_that_is_right(groups: dict[str, tuple[int, list[str]]]) -> None:
    for group, slips in GROUPS.items():
        told = [slip.told for slip in slips]
        wrong = [line for line in groups[group][1] if line.startswith("BAD")]
        assert [line for line in wrong if not any(matches(one, line) for one in told)] == [], group


def test_files_as_they_are_shipped_are_right(validate: Validate) -> None:
    code, lines = validate()
    assert code == 0
    assert all(line.startswith("ok   ") for line in lines)
    assert any(line.startswith("ok   catalog of H58: plans 2024, 47 indicators, ") for line in lines)
    assert "ok   sources: 4 profiles, 8 suites" in lines


def test_marks_and_line_ends_of_windows_change_nothing(tmp_path: Path, validate: Validate) -> None:
    def write_as_windows_does(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    catalog, recipients = tmp_path / "catalog", tmp_path / "recipients.yaml"
    shutil.copytree(CHECKOUT / "include" / "catalog", catalog)
    shutil.copy(CHECKOUT / "include" / "alerts" / "recipients.yaml", recipients)
    for path in (*catalog.iterdir(), recipients):
        write_as_windows_does(path)
    code, lines = validate(CCHC_CATALOG=str(catalog), CCHC_RECIPIENTS=str(recipients))
    assert code == 0, lines
    assert lines[1:] == validate()[1][1:]


def test_settings_are_checked_with_the_rest(tmp_path: Path, validate: Validate) -> None:
    (tmp_path / "file").touch()
    code, lines = validate(
        CCHC_NOW="2025-01-01 07:30",
        CCHC_PROVINCE="Tiền Giang",
        CCHC_RECIPIENTS=str(tmp_path / "nobody.yaml"),
        CCHC_CATALOGUE="include/catalog",
        AIRFLOW_CONN_EOFFICE='{"conn_type": "http", "password": "s3cret",}',
    )
    assert code == 1
    wrong = [line for line in lines if line.startswith("BAD  environment, field ")]
    assert [line.split(": ")[0].rpartition(" ")[2] for line in wrong] == [
        "CCHC_NOW", "CCHC_CATALOGUE", "CCHC_PROVINCE", "CCHC_RECIPIENTS", "AIRFLOW_CONN_EOFFICE",
    ]  # fmt: skip
    assert "s3cret" not in "".join(lines)
    assert any(line.startswith("ok   holidays: ") for line in lines)


def test_connection_is_checked_by_what_it_is_for(validate: Validate) -> None:
    code, lines = validate(
        CCHC_NOW="2099-01-01T00:00:00+07:00",
        AIRFLOW_CONN_EOFICE='{"conn_type": "http", "password": "s3cret"}',
        AIRFLOW_CONN_NATIONAL_PORTAL="s3cret.example",
        AIRFLOW_CONN_RETURNS_INBOX='{"conn_type": "fs", "extra": {"ulr": "file:///s3cret"}}',
        AIRFLOW_CONN_SMTP_DEFAULT='{"conn_type": "smtp", "pasword": "s3cret"}',
        AIRFLOW_CONN_TREASURY='{"conn_type": "http", "extra": "{\\"tries\\": 40, \\"proxy\\": \\"http://s3cret\\"}"}',
        AIRFLOW_CONN_WAREHOUSE='{"conn_type": "postgres", "password": "s3cret", "extra": "s3cret"}',
    )
    assert code == 1
    told = {
        "CCHC_NOW": "2099-01-01T00:00:00+07:00 is later than this machine's clock, correct or unset it",
        "AIRFLOW_CONN_EOFICE": "is asked for by nobody, is AIRFLOW_CONN_EOFFICE meant? Correct or unset it",
        "AIRFLOW_CONN_NATIONAL_PORTAL": "is neither JSON nor a URI: docs/operate.md shows how it is written",
        "AIRFLOW_CONN_RETURNS_INBOX": 'extra has no "url", give the folder as {"url": "file:///srv/inbox"}',
        "AIRFLOW_CONN_SMTP_DEFAULT": '"pasword" is no field of a connection, there are conn_type, host, login, '
        "password, schema, port, extra, description: correct its name",
        "AIRFLOW_CONN_TREASURY": 'extra.tries: "40" is too large, write 4 or less',
        "AIRFLOW_CONN_WAREHOUSE": 'extra is no group of fields, write it as {"name": "value"}',
    }
    assert lines[:8] == [
        *(f"BAD  environment, field {field}: {text}" for field, text in told.items()),
        "note AIRFLOW_CONN_SMTP_DEFAULT is named by no profile and no recipient",
    ]
    assert "s3cret" not in "".join(lines)


def test_connections_as_the_guides_show_them_are_right(validate: Validate) -> None:
    code, lines = validate(
        AIRFLOW_CONN_NATIONAL_PORTAL='{"conn_type": "http", "host": "https://dichvucong.gov.vn", "extra": '
        '{"root_department_id": "x", "tries": 2}}',
        AIRFLOW_CONN_TREASURY="http://login:word@kho-bac.example:8443/?tries=3",
        AIRFLOW_CONN_RETURNS_INBOX='{"conn_type": "fs", "extra": {"url": "file:///srv/inbox"}}',
        AIRFLOW_CONN_WAREHOUSE='{"conn_type": "postgres", "host": "db.example", "port": "5432", "schema": "cchc"}',
        AIRFLOW_CONN_SOMEBODY_ELSE="http://elsewhere.example",
    )
    assert code == 0, lines
    assert lines[1] == "note AIRFLOW_CONN_SOMEBODY_ELSE is named by no profile and no recipient"


def test_what_nobody_has_thought_of_is_a_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("years")

    for name in ("read_working_days", "_check_variants", "_check_reasons"):
        monkeypatch.setattr(f"cchc.local.validate.{name}", fail)
    assert validate_files(tmp_path) == 1
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("BAD")]
    text = "can't be checked (KeyError: 'years'), correct what was changed last"
    assert wrong == [f"BAD  {file}: {text}" for file in ("holidays.yaml", "rules.yaml", "reasons_vi.yaml")]


def test_kinds_of_alerts_left_out_are_told_by_name(validate: Validate) -> None:
    slips = [
        Slip("missed left out", RULES, "  missed: warning\n", "", ""),
        Slip("drop left out", RULES, "  drop: info\n", "", ""),
    ]
    assert "BAD  rules.yaml, field severity: leaves out missed, drop, add them" in validate(slips)[1]


def test_command_does_not_live_after_the_clock(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "cchc.local", "sql", "select 1"],
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "plugins"), "CCHC_HOME": str(tmp_path / "home"),
            "CCHC_NOW": "2099-01-01T00:00:00+07:00",
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (said.returncode, said.stderr) == (
        1, "CCHC_NOW=2099-01-01T00:00:00+07:00 is later than this machine's clock, correct or unset it\n",
    )  # fmt: skip
    assert not (tmp_path / "home").exists()


def test_folder_that_cannot_be_a_home_or_a_catalog_is_named(tmp_path: Path, validate: Validate) -> None:
    (tmp_path / "file").touch()
    code, lines = validate(CCHC_HOME=str(tmp_path / "file" / "home"), CCHC_CATALOG=str(tmp_path / "file"))
    assert code == 1
    assert (
        f"BAD  environment, field CCHC_CATALOG: {tmp_path}/file is no folder, give the one that holds the plans"
        in lines
    )
    assert any(line.startswith(f"BAD  environment, field CCHC_HOME: {tmp_path}/file is no folder") for line in lines)
