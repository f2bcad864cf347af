"""The installer's messages on a machine that can't hold the packages."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from cchc.local import install
from cchc.local.install import find_problem

UNKNOWN = f"cchc-not-there==1 --hash=sha256:{'0' * 64}\n"


def test_this_machine_fits() -> None:
    assert find_problem() is None


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_other_python_is_named(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int]) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 1))
    assert str(find_problem()).startswith("Python 3.11 to 3.14 is needed, this is ")


def test_other_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert find_problem() == "Linux on x86-64 is needed, this is linux on aarch64"


@pytest.mark.parametrize(
    ("library", "name"), [(("glibc", "2.27"), "glibc 2.27"), (("", ""), "another C library")], ids=["old", "musl"]
)
def test_other_c_library_is_named(monkeypatch: pytest.MonkeyPatch, library: tuple[str, str], name: str) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: library)
    assert find_problem() == f"glibc 2.28 or newer is needed, this is {name}"


def test_without_a_package_index_the_remedy_is_named_and_a_half_made_venv_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt"):
        Path(name).write_text(UNKNOWN)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    stamp = Path(".venv") / "installed"
    result = str(install.main(stamp))
    assert result.startswith("pip could not install the locked packages")
    assert "PIP_INDEX_URL" in result
    assert "\n" not in result
    assert "cchc-not-there" in capfd.readouterr().err  # pip's own reason
    assert not stamp.exists()
    assert (tmp_path / ".venv.lock").stat().st_mode & 0o077 == 0


def test_folder_that_takes_no_files_is_reported_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(install, "LOCK", Path("file/in/the/way/.venv.lock"))
    Path("file").touch()
    result = str(install.main(Path(".venv") / "installed"))
    assert result.startswith(f"the packages can't be installed in {tmp_path}: ")
    assert result.endswith("Solve that, then run make again")
