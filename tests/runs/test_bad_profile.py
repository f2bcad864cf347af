"""A profile with a mistake stops its own source, visibly, and no other; corrected, the source goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.runs.conftest import CHECKOUT, FILES_WELL, Installation, choose_hour
from tests.spreadsheets.hostile_workbooks import GOOD_ROW, HEADINGS, write_workbook

DAY = date(2024, 6, 30)
NEXT = DAY + timedelta(days=1)
PROGRAM = Path(__file__).with_name("bad_profile.py")
MISTAKE = 'treasury.yaml, field schedule: "30 4 * * * *" is no minute and hour of every day before 06:00, write it as'
MEASURED = "select * from mart.measure where metric ^@ 'treasury.' order by measure_code, agency_code, day"
FED = """
select value, data_date::text from mart.indicator_attainment
where as_of_date = %s and agency_code = 'H58' and variant = 'primary' and indicator_code = 'II.7-1'
"""


def put(installation: Installation, name: str, content: bytes, day: date) -> None:
    """Put a file into the inbox that was saved in the afternoon of a day."""
    path = installation.inbox / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    saved_at = choose_hour(day) - timedelta(hours=12)
    os.utime(path, (saved_at.timestamp(), saved_at.timestamp()))


def report(period: str) -> bytes:
    """A workbook with one value."""
    return write_workbook([HEADINGS, [*GOOD_ROW[:2], period, *GOOD_ROW[3:]]])


def export(closed_on: date) -> bytes:
    """A treasury's export of one project."""
    row = {
        "NienDo": 2024, "NgayKetSo": closed_on, "MaDuAn": "7412345", "TenDuAn": "Đường tỉnh 864",
        "MaChuDauTu": "1012345", "MaNguonVon": "41", "LoaiKeHoach": "TTG", "SoQuyetDinh": "1600/QĐ-TTg",
        "NgayHieuLuc": "2024-01-01", "KeHoachVon": 50_000, "KeHoachKeoDai": 0, "ThanhToanKLHT": 20_000,
        "TamUngChuaThuHoi": 2_500, "DonViTien": 1_000_000,
    }  # fmt: skip
    return "\n".join(";".join(map(str, line)) for line in (row, row.values())).encode()


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """A copy of the checkout in which the treasury's cron has a field too many."""
    for folder in ("dags", "include", "plugins"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    profile = tmp_path / "include" / "sources" / "treasury.yaml"
    text = profile.read_text(encoding="utf-8")
    assert '"30 4 * * *"' in text
    profile.write_text(text.replace('"30 4 * * *"', '"30 4 * * * *"'), encoding="utf-8")
    return tmp_path


def run_spoilt(installation: Installation, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run the second day by the spoilt checkout, an hour after its start."""
    before = dict(installation.environment)
    changes = {
        "PYTHONPATH": os.pathsep.join([str(checkout / "plugins"), str(checkout)]),
        "AIRFLOW__CORE__DAGS_FOLDER": str(checkout / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(checkout / "plugins"),
        "CCHC_NOW": (choose_hour(NEXT) + timedelta(hours=1)).isoformat(),
    }
    installation.environment.update(changes)
    try:
        return installation.start_program(PROGRAM, NEXT.isoformat(), "treasury")
    finally:
        installation.environment.clear()
        installation.environment.update(before)


def test_invalid_profile_stops_its_own_source_alone(installation: Installation, spoilt: Path) -> None:
    installation.connect_inbox()
    put(installation, "H58.31/a.xlsx", report("2024-Q1"), DAY)
    put(installation, "H58.04/june.csv", export(DAY - timedelta(days=2)), DAY)
    assert installation.run_day(DAY) == FILES_WELL
    measured = installation.query(MEASURED)
    expected = installation.query("select * from ops.source where source = 'treasury'")
    attained = installation.query(FED, DAY)
    assert measured
    assert expected
    assert attained[0][0] is not None

    put(installation, "H58.31/b.xlsx", report("2024-Q2"), NEXT)
    put(installation, "H58.04/july.csv", export(DAY), NEXT)
    ended = run_spoilt(installation, spoilt)
    assert ended.returncode == 0, ended.stderr
    shown = json.loads(ended.stdout.splitlines()[-1])
    assert shown["states"] == {**FILES_WELL, "ingest_treasury": "failed"}
    assert [(is_well, line.startswith(MISTAKE)) for is_well, line in shown["check"]] == [(False, True)]
    assert MISTAKE in ended.stderr

    # Operators are notified, with the mistake.
    (failure,) = installation.query("select subject, facts ->> 'details_vi' from ops.alert where kind = 'run_failed'")
    assert failure[0] == "ingest_treasury"
    assert MISTAKE[:60] in failure[1]
    # Published values of the source stay, and become stale; its new file waits without a rejection report.
    assert installation.query(MEASURED) == measured
    assert installation.query("select * from ops.source where source = 'treasury'") == expected
    assert installation.query(FED, NEXT) == attained
    assert installation.query("select count(*) from ops.load where source = 'treasury'") == [(1,)]
    assert not (installation.inbox / "H58.04" / "tra-lai").exists()
    # The returns went on.
    assert installation.query("select count(*) from ops.load where source = 'returns' and status = 'published'") == [
        (2,)
    ]

    assert installation.run_day(NEXT) == FILES_WELL  # by the profile of this checkout, which is valid
    assert installation.query("select count(*) from ops.load where source = 'treasury'") == [(2,)]
    assert installation.query(FED, NEXT) == [(attained[0][0], DAY.isoformat())]
