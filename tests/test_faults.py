"""docs/faults.md: each row names existing tests."""

from __future__ import annotations

import re

from cchc.settings import CHECKOUT

PAGE = CHECKOUT / "docs" / "faults.md"
ROW = re.compile(r"^\| (?!fault |---)(?P<fault>.+?) \| .+ \| (?P<tests>[^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"(?P<file>[\w/]+\.py)?(?:::(?P<test>\w+))?")


def test_every_row_of_the_faults_page_names_existing_tests():
    rows = list(ROW.finditer(PAGE.read_text(encoding="utf-8")))
    assert len(rows) > 50
    gone, text = [], None
    for row in rows:
        names = [name for name in NAME.finditer(row["tests"]) if name["file"] or name["test"]]
        for name in names:
            if name["file"]:
                path = CHECKOUT / "tests" / name["file"]
                text = path.read_text(encoding="utf-8") if path.is_file() else ""
            if not text or (name["test"] and f"def {name['test']}(" not in text):
                gone.append((row["fault"], name[0]))
        if not names and row["tests"] != "the same":
            gone.append((row["fault"], row["tests"]))
    assert gone == []
