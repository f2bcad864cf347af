"""Hostile workbooks are rejected by their rule, each within 300 MB and 30 seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cchc.settings import CHECKOUT
from cchc.spreadsheets.workbook import MAX_BYTES, RejectedFileError, read_tables
from tests.spreadsheets.hostile_workbooks import READ, REJECTED, WANTED, good

MAX_MEMORY_KB = 300 * 1024

# A process of its own prints the rule or the rows, and its peak of memory (of this program alone:
# ru_maxrss would begin with the parent's).
READ_ALONE = """
import re, sys
from pathlib import Path
from cchc.spreadsheets.workbook import RejectedFileError, read_tables
from tests.spreadsheets.hostile_workbooks import WANTED
try:
    end = sum(len(table.rows) for table in read_tables(Path(sys.argv[1]).read_bytes(), "bao-cao.xlsx", WANTED))
except RejectedFileError as rejected:
    end = rejected.rule
print(end, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def read_alone(content: bytes, folder: Path) -> tuple[str, int]:
    file = folder / "bao-cao.xlsx"
    file.write_bytes(content)
    command = [sys.executable, "-W", "error", "-c", READ_ALONE, str(file)]
    environment = {"PYTHONPATH": f"{CHECKOUT / 'plugins'}:{CHECKOUT}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    end, memory = done.stdout.split()
    return end, int(memory)


@pytest.mark.timeout(60)  # 30 s for the file, the rest for making it
@pytest.mark.parametrize("name", REJECTED)
def test_hostile_workbook_is_rejected_within_memory_and_time(name: str, tmp_path: Path) -> None:
    make, rule = REJECTED[name]
    end, memory_kb = read_alone(make(), tmp_path)
    assert end == rule
    assert memory_kb < MAX_MEMORY_KB


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", READ)
def test_unusual_workbook_is_read_within_memory_and_time(name: str, tmp_path: Path) -> None:
    end, memory_kb = read_alone(READ[name](), tmp_path)
    assert end == "1"
    assert memory_kb < MAX_MEMORY_KB


def test_too_large_file_is_rejected_unopened() -> None:
    with pytest.raises(RejectedFileError) as rejected:
        read_tables(bytes(MAX_BYTES + 1), "bao-cao.xlsx", WANTED)
    assert rejected.value.rule == "too_large"


@pytest.mark.parametrize("at", range(0, len(good()), 97))
def test_any_damage_is_a_rejected_file_or_harmless(at: int) -> None:
    content = bytearray(good())
    content[at] ^= 0xFF
    try:
        tables = read_tables(bytes(content), "bao-cao.xlsx", WANTED)
    except RejectedFileError:
        return
    assert [len(table.rows) for table in tables] == [1]
