"""secrets.json: made once; a lost or damaged one is reported, not replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cchc.local import LocalError
from cchc.local.credentials import KEYS, PASSWORDS, read_credentials
from cchc.local.embedded import open_database


def test_secrets_are_made_once_and_missing_ones_are_added(tmp_path: Path) -> None:
    first = read_credentials(tmp_path)
    assert set(first) == {*PASSWORDS, *KEYS}
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({name: value for name, value in first.items() if name != "cchc_analyst"}))
    second = read_credentials(tmp_path, is_new=False)
    assert {name for name in first if first[name] != second[name]} == {"cchc_analyst"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"postgres": 1}', "\udcff"])
def test_damaged_secrets_are_reported_and_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(text, errors="surrogateescape")
    with pytest.raises(LocalError, match=r"secrets\.json is damaged.*restore it"):
        read_credentials(tmp_path)
    assert file.read_text(errors="surrogateescape") == text


def test_lost_secrets_are_not_replaced_by_others(home: Path) -> None:
    with open_database(home, settings={"fsync": "off"}):
        pass
    file = home / "secrets.json"
    kept = file.read_text()
    file.unlink()
    with pytest.raises(LocalError, match=r"secrets\.json is missing.*restore it"), open_database(home):
        pass
    assert not file.exists()
    file.write_text(kept)
    with open_database(home, settings={"fsync": "off"}):
        pass
