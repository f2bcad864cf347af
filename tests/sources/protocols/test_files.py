"""parse_file: a file that was rejected before it was read."""

from __future__ import annotations

from datetime import date

import pytest

from cchc.settings import SOURCES
from cchc.sources.profile import read_profile
from cchc.sources.protocols.files import parse_file
from cchc.sources.window import FileScope


@pytest.mark.parametrize("key", ["rejection", "refused"], ids=["of this version", "of an archive before 0.1.0"])
def test_file_too_large_to_read_has_no_rows_and_its_rule(key: str) -> None:
    file = FileScope("return", "", date(2024, 12, 31))
    parsed = parse_file(read_profile(SOURCES / "returns.yaml"), file, b"", {"file": "a.xlsx", key: "too_large"}, "H58")
    assert (parsed.rows, parsed.response["parse_failure"]) == ([], "too_large")
