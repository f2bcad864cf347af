"""The notes of the services that `make up` started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cchc.local import services
from cchc.local.service_notes import ServiceNotes, begin_notes, name_release, read_notes
from cchc.settings import CHECKOUT

AT = "2025-01-01T05:30:00+07:00"


@pytest.mark.parametrize("text", ["", "\n", "87", "x", "8766 abc -\n12", "\x00\x00", "8766\n1 2 3\nx y\n"])
def test_file_that_a_crash_left_half_written_names_no_service(tmp_path: Path, text: str) -> None:
    (tmp_path / "services").write_text(text)
    assert read_notes(tmp_path).sessions == {}
    assert services.find_address(tmp_path) is None
    assert services.stop_services(tmp_path) == 0
    assert not (tmp_path / "services").exists()


def test_notes_are_read_as_written(tmp_path: Path) -> None:
    assert read_notes(tmp_path) == ServiceNotes()
    for now in ("", AT):
        begin_notes(tmp_path, 8766, now)
        with (tmp_path / "services").open("a") as file:  # as each service does
            file.write("12 345\n")
        assert read_notes(tmp_path) == ServiceNotes(8766, name_release(), now, {12: "345"})
    assert (tmp_path / "services").stat().st_mode & 0o077 == 0


def test_file_of_an_older_release_names_its_services_and_another_release(tmp_path: Path) -> None:
    (tmp_path / "services").write_text("8766\n12 345\n")
    notes = read_notes(tmp_path)
    assert (notes.port, notes.sessions) == (8766, {12: "345"})
    assert notes.release != name_release()


def test_release_is_the_text_of_the_program(tmp_path: Path) -> None:
    for file in ("plugins/cchc/a.py", "plugins/cchc/__pycache__/a.pyc", "include/sql/b.sql", "include/catalog/c.yaml"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("1")
    releases = [name_release(tmp_path)]
    for file in ("plugins/cchc/__pycache__/a.pyc", "include/catalog/c.yaml"):  # the second is read by every run
        (tmp_path / file).write_text("2")
        assert name_release(tmp_path) == releases[0]
    for file in ("plugins/cchc/a.py", "include/sql/b.sql", "requirements.txt"):
        (tmp_path / file).write_text("3")
        releases.append(name_release(tmp_path))
    assert len(set(releases)) == 4
    assert name_release(CHECKOUT) == name_release(CHECKOUT)


def test_services_of_another_release_or_clock_are_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CCHC_NOW", AT)
    begin_notes(tmp_path, 8766, AT)
    assert services._is_current(read_notes(tmp_path))
    assert capsys.readouterr().err == ""
    os.environ["CCHC_NOW"] = "2025-01-02T05:30:00+07:00"
    assert not services._is_current(read_notes(tmp_path))
    assert "have another clock: they are started anew" in capsys.readouterr().err
    (tmp_path / "services").write_text("8766\n")
    assert not services._is_current(read_notes(tmp_path))
    assert "are of another release: they are started anew" in capsys.readouterr().err
