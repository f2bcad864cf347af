"""What the installer says of a machine that can't hold the packages."""

from __future__ import annotations

import platform
import sys

import pytest

from cchc.local.install import find_problem


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
    ("library", "said"), [(("glibc", "2.27"), "glibc 2.27"), (("", ""), "another C library")], ids=["old", "musl"]
)
def test_other_c_library_is_named(monkeypatch: pytest.MonkeyPatch, library: tuple[str, str], said: str) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: library)
    assert find_problem() == f"glibc 2.28 or newer is needed, this is {said}"
