"""``make validate`` names every mistake in the written files: file, entry, field, what is wrong and what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cchc.local.validate import validate_files
from cchc.settings import CHECKOUT
from tests.local.validate_slips import GROUPS, RULES, Slip

SETTINGS = ("CCHC_", "AIRFLOW_CONN_")
Validate = Callable[..., tuple[int, list[str]]]


@pytest.fixture(scope="module")
def validate(tmp_path_factory: pytest.TempPathFactory) -> Validate:
    """Run the command on a copy of the files with slips in them; gives its exit code and lines."""

    def run(slips: Iterable[Slip] = (), **settings: str) -> tuple[int, list[str]]:
        checkout = tmp_path_factory.mktemp("checkout")
        for folder in ("plugins", "dags", "include"):
            shutil.copytree(CHECKOUT / folder, checkout / folder)
        for slip in slips:
            make_slip(checkout / "include", slip)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        done = subprocess.run(
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
        assert done.stderr == ""
        assert not (checkout / "home").exists()
        return done.returncode, done.stdout.splitlines()

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
    """Exit code and lines of the command for each group of slips."""
    return {name: validate(slips) for name, slips in GROUPS.items()}


def matches(expected: str, line: str) -> bool:
    """Whether a line is the expected one; ``.+`` stands for a long list or another library's words."""
    pattern = ".+".join(map(re.escape, expected.split(".+")))
    return re.fullmatch(f"BAD  {pattern}", line) is not None


@pytest.mark.parametrize(
    ("group", "slip"), [(group, slip) for group, slips in GROUPS.items() for slip in slips],
    ids=lambda value: value.name if isinstance(value, Slip) else value,
)  # fmt: skip
def test_validate_names_a_slip_with_its_place_and_correction(
    groups: dict[str, tuple[int, list[str]]], group: str, slip: Slip
) -> None:
    code, lines = groups[group]
    assert code == 1
    assert [line for line in lines if matches(slip.line, line)], lines


def test_validate_names_nothing_that_is_right(groups: dict[str, tuple[int, list[str]]]) -> None:
    for group, slips in GROUPS.items():
        expected = [slip.line for slip in slips]
        wrong = [line for line in groups[group][1] if line.startswith("BAD")]
        assert [line for line in wrong if not any(matches(one, line) for one in expected)] == [], group


def test_validate_accepts_the_files_of_the_repository(validate: Validate) -> None:
    code, lines = validate()
    assert code == 0
    assert all(line.startswith("ok   ") for line in lines)
    assert any(line.startswith("ok   catalog of H58: plans 2024, 47 indicators, ") for line in lines)
    assert "ok   sources: 4 profiles, 8 suites" in lines


def test_validate_accepts_byte_order_marks_and_line_ends_of_windows(tmp_path: Path, validate: Validate) -> None:
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


def test_validate_checks_settings_with_the_rest(tmp_path: Path, validate: Validate) -> None:
    (tmp_path / "file").write_text("")
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


def test_validate_checks_a_connection_by_its_use(validate: Validate) -> None:
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
    expected = {
        "CCHC_NOW": "2099-01-01T00:00:00+07:00 is later than this machine's clock, correct or unset it",
        "AIRFLOW_CONN_EOFICE": "is used by nothing, is AIRFLOW_CONN_EOFFICE meant? Correct or unset it",
        "AIRFLOW_CONN_NATIONAL_PORTAL": "is neither JSON nor a URI: docs/operate.md shows how it is written",
        "AIRFLOW_CONN_RETURNS_INBOX": 'extra has no "url", give the folder as {"url": "file:///srv/inbox"}',
        "AIRFLOW_CONN_SMTP_DEFAULT": '"pasword" is no field of a connection, there are conn_type, host, login, '
        "password, schema, port, extra, description: correct its name",
        "AIRFLOW_CONN_TREASURY": 'extra.tries: "40" is too large, write 4 or less',
        "AIRFLOW_CONN_WAREHOUSE": 'extra is no group of fields, write it as {"name": "value"}',
    }
    assert lines[:8] == [
        *(f"BAD  environment, field {field}: {text}" for field, text in expected.items()),
        "note AIRFLOW_CONN_SMTP_DEFAULT is named by no profile and no recipient",
    ]
    assert "s3cret" not in "".join(lines)


def test_validate_accepts_the_connections_of_the_guides(validate: Validate) -> None:
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


def test_unexpected_error_is_a_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("years")

    for name in ("read_working_days", "_check_variants", "_check_reasons"):
        monkeypatch.setattr(f"cchc.local.validate.{name}", fail)
    assert validate_files(tmp_path) == 1
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("BAD")]
    text = "can't be checked (KeyError: 'years'), correct what was changed last"
    assert wrong == [f"BAD  {file}: {text}" for file in ("holidays.yaml", "rules.yaml", "rejection_reasons.yaml")]


def test_validate_names_the_kinds_of_alerts_that_are_left_out(validate: Validate) -> None:
    slips = [
        Slip("missed left out", RULES, "  missed: warning\n", "", ""),
        Slip("drop left out", RULES, "  drop: info\n", "", ""),
    ]
    assert "BAD  rules.yaml, field severity: leaves out missed, drop, add them" in validate(slips)[1]


def test_command_declines_a_clock_that_is_ahead(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cchc.local", "sql", "select 1"],
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "plugins"), "CCHC_HOME": str(tmp_path / "home"),
            "CCHC_NOW": "2099-01-01T00:00:00+07:00",
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        1, "CCHC_NOW=2099-01-01T00:00:00+07:00 is later than this machine's clock, correct or unset it\n",
    )  # fmt: skip
    assert not (tmp_path / "home").exists()


def test_validate_names_a_folder_that_can_be_no_home_or_catalog(tmp_path: Path, validate: Validate) -> None:
    (tmp_path / "file").write_text("")
    code, lines = validate(CCHC_HOME=str(tmp_path / "file" / "home"), CCHC_CATALOG=str(tmp_path / "file"))
    assert code == 1
    assert (
        f"BAD  environment, field CCHC_CATALOG: {tmp_path}/file is no folder, give the one that holds the plans"
        in lines
    )
    assert any(line.startswith(f"BAD  environment, field CCHC_HOME: {tmp_path}/file is no folder") for line in lines)
