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

from cchc.settings import CHECKOUT

SETTINGS = ("CCHC_", "AIRFLOW_CONN_")


@dataclass(frozen=True)
class Slip:
    """An ordinary slip: in ``file`` of include/, ``old`` is written as ``new``; ``told``: the line that names it.

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
         "plan_2024.yaml, entry .+, field targets[0].5: is a number without a name, write a decimal with a point: 9.5"),
    Slip("year of the plan's end mistyped", PLAN, "valid_to: 2024-12-31\n\nclauses", "valid_to: 2042-12-31\n\nclauses",
         "plan_2024.yaml, header, field valid_to: 2042-12-31 is not in the plan's year 2024, a plan is for one year"),
    Slip("year of signing mistyped", PLAN, "signed_on: 2024-01-11", "signed_on: 2042-01-11",
         "plan_2024.yaml, header, field signed_on: 2042-01-11 is neither in the plan's year 2024 nor"),
    Slip("code used twice", PLAN, "code: II.1.a-3", "code: II.1.a-2",
         "plan_2024.yaml, entry II.1.a-2, field code: is there 2 times, a code names one entry"),
    Slip("no day of the calendar", TASKS, "due_on: 2024-03-31", "due_on: 2024-03-32",
         'tasks_2024.yaml, entry PL.+, field due_on: "2024-03-32" is not a day, write it as 2024-12-31'),
    Slip("parent that isn't there", AGENCIES, "H58.02,,Sở Nội vụ,department,H58,", "H58.02,,Sở Nội vụ,department,H85,",
         'agencies.csv, entry H58.02 (line 4), field parent_code: "H85" is no agency on 2024-01-01, correct the code'),
    Slip("days swapped", AGENCIES, "H58.03,,Sở Tư pháp,department,H58,2024-01-01,2025-07-01",
         "H58.03,,Sở Tư pháp,department,H58,2025-07-01,2024-01-01",
         "agencies.csv, entry H58.03 (line 5), field valid_to_exclusive: 2024-01-01 is not after 2025-07-01"),
    Slip("set of an unknown agency", SETS, "except_codes: [H58.19]", "except_codes: [H58.190]",
         'agency_sets.yaml, entry co_quan_chuyen_mon, field except_codes: "H58.190" is not in agencies.csv, add or'),
    Slip("year of a holiday mistyped", HOLIDAYS, "first: 2024-04-18\n    last: 2024-04-18",
         "first: 2042-04-18\n    last: 2042-04-18",
         "holidays.yaml, break 2042-04-18, field first: 2042 is not one of years, add it there"),
    Slip("kind of alert mistyped", RULES, "  night_late: urgent", "  night_latte: urgent",
         "rules.yaml, field severity.night_latte"),
    Slip("recipient without an address", "alerts/recipients.yaml", "recipients: []\n", RECIPIENTS,
         "recipients.yaml, recipient lanh-dao, field address: is missing, add it"),
    Slip("address with spaces", "alerts/recipients.yaml", "", "",
         'recipients.yaml, recipient so-y-te, field address: "so y te@example.invalid" is no e-mail address, write'),
    Slip("word of a message left out", WORDING, "points: điểm\n", "",
         "wording_vi.yaml, field points: is missing, add it"),
    Slip("cron with six fields", EOFFICE, '"30 4 * * *" ', '"0 30 4 * * *" ',
         'eoffice.yaml, field schedule: "0 30 4 * * *" is no minute and hour of every night before 06:00, write it as'),
    Slip("key that names no column", EOFFICE, "key: [agency_code, day]", "key: [agency_code, date]",
         'eoffice.yaml, field key[1]: "date" is no column of fields, it has '),
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
    Slip("and so missing", TREASURY, "", "", "treasury.yaml, field allowed_delay_days: is missing, add it"),
    Slip("suite that was renamed", PORTAL, "rows: statistic\n", "rows: statistics\n",
         "national_portal.yaml, field rows: there is no include/expectations/national_portal_statistics.json, correct"),
    Slip("table that isn't there", PORTAL, "", "",
         "national_portal.yaml, field rows: there is no table staging.national_portal_statistics in"),
    Slip("SQL file mistyped", PORTAL, "publish: [core.portal_department,", "publish: [core.portal_departments,",
         "national_portal.yaml, field publish[0]: there is no include/sql/publish/core.portal_departments.sql,"),
    Slip("column that isn't there", RETURNS, "{column: note, type: text}", "{column: remark, type: text}",
         'returns.yaml, field sheets.ChiTieu.fields.Ghi chú.column: staging.returns_row has no column "remark",'),
    Slip("type that the column can't hold", RETURNS, "{column: done_on, type: date}", "{column: done_on, type: text}",
         'returns.yaml, field sheets.NhiemVu.fields.Ngày hoàn thành.type: column "done_on" is date in'),
    Slip("copy left as it was", "sources/eoffice_moi.yaml", "protocol: records", "protocol: rest",
         'eoffice_moi.yaml, field protocol: "rest" is not one of portal_evaluation, records, files', copy_of=EOFFICE),
    Slip("ending that nobody reads", "sources/one_stop.yml", "", "", "one_stop.yml: is not read, call it <source>.yaml",
         copy_of=EOFFICE),
    Slip("plan under a name that nobody reads", "catalog/plan-2025.yaml", "", "",
         "plan-2025.yaml: is not read, call it one of agencies.csv, ", copy_of=PLAN),
]  # fmt: skip

# A file that can't be read at all shows nothing else: each of these has the file to itself.
ALONE = [
    Slip("tab in the indentation", TASKS, "    tasks:\n      - code: PL.I.1\n", "\ttasks:\n      - code: PL.I.1\n",
         "tasks_2024.yaml: is not readable as YAML: a tab at line "),
    Slip("table in latin-1", AGENCIES, "", "latin-1", "agencies.csv: is not UTF-8 at byte "),
    Slip("field written twice", SETS, "    levels: [district]\n", "    levels: [district]\n    levels: [commune]\n",
         "agency_sets.yaml, entry huyen, field levels: is written twice (line "),
    Slip("bracket left open", RULES, "reconciliation_flags: [sources_differ, children_differ]",
         "reconciliation_flags: [sources_differ, children_differ",
         "rules.yaml: is not readable as YAML: "),
    Slip("name of a fact mistyped", WORDING, "{prefix} {counts} – ngày {day}", "{prefix} {counts} – ngày {ngay}",
         "wording_vi.yaml, field subject: {ngay} is no fact, there are acknowledged, agency, "),
    Slip("field of a profile twice", RETURNS, "measures: returns\n", "measures: returns\nmeasures: treasury\n",
         "returns.yaml, top of the file, field measures: is written twice (line "),
    Slip("profile under another name", TREASURY, "protocol: records\n", "protocol: records\nsource: eoffice\n",
         'treasury.yaml, field source: "eoffice" is not the name of the file, take it out'),
    Slip("suite that isn't JSON", "expectations/national_portal_response.json", '"name"', "name",
         "national_portal.yaml, field staging: include/expectations/national_portal_response.json is not readable as"),
    Slip("metric that the profile lacks", EOFFICE, "metrics: [sent_electronically,", "metrics: [sent_by_mail,",
         'plan_2024.yaml, entry .+, field metric: "eoffice.sent_electronically" is no figure of eoffice.yaml, it has'),
]  # fmt: skip

# Seen only where the catalog is right.
CONCERNS = [
    Slip("agency of a recipient mistyped", "alerts/recipients.yaml", "recipients: []\n", FOR_NOBODY,
         'recipients.yaml, recipient so-y-te, field agencies[1]: "H58.99" is not in agencies.csv, add or correct it'),
    Slip("indicator of a recipient mistyped", "alerts/recipients.yaml", "", "",
         'recipients.yaml, recipient so-y-te, field indicators[1]: "III.*" is no entry of a plan'),
    Slip("variant that no plan has", RULES, "variants: [primary, dossier_based]", "variants: [primary, dossiers]",
         'rules.yaml, field variants[1]: "dossiers" is no variant of a plan, there are '),
    Slip("derived of an unknown entry", RETURNS, "of: [II.2-1, II.2-2]", "of: [II.2-1, II.2-9]",
         'returns.yaml, field derived.II.2.pooled.of[1]: "II.2-9" is no entry of a plan of H58, correct it'),
    Slip("copy that asks the same", "sources/returns_moi.yaml", "", "",
         "returns_moi.yaml, field inbox: returns.yaml has files of inbox returns_inbox with the headings ",
         copy_of=RETURNS),
    Slip("reason for a rule left out", REASONS, "value_missing: Thiếu", "value_mising: Thiếu",
         "reasons_vi.yaml, field value_missing: is missing, tell the sender what is wrong and what to do"),
]  # fmt: skip
GROUPS = {"together": TOGETHER, "alone": ALONE, "concerns": CONCERNS}

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
    elif slip.old:
        assert slip.old in text, slip
        path.write_text(text.replace(slip.old, slip.new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def groups(validate: Validate) -> dict[str, tuple[int, list[str]]]:
    """What the command says of each group of slips."""
    return {name: validate(slips) for name, slips in GROUPS.items()}


def matches(told: str, line: str) -> bool:
    """Whether a line begins as told; ``.+`` in it stands for what the test doesn't know."""
    pattern = ".+".join(map(re.escape, told.split(".+")))
    return re.match(f"BAD  {pattern}", line) is not None


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


def test_folder_that_cannot_be_a_home_or_a_catalog_is_named(tmp_path: Path, validate: Validate) -> None:
    (tmp_path / "file").touch()
    code, lines = validate(CCHC_HOME=str(tmp_path / "file" / "home"), CCHC_CATALOG=str(tmp_path / "file"))
    assert code == 1
    assert (
        f"BAD  environment, field CCHC_CATALOG: {tmp_path}/file is no folder, give the one that holds the plans"
        in lines
    )
    assert any(line.startswith(f"BAD  environment, field CCHC_HOME: {tmp_path}/file is no folder") for line in lines)
