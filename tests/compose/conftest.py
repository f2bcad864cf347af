"""The stack as Compose would start it, from an unedited .env."""

from __future__ import annotations

import pytest

from tests.compose.compose_file import Stack, interpolate, make_env, read_compose


@pytest.fixture(scope="session")
def variables() -> dict[str, str]:
    """An .env by the command of docs/install.md."""
    return make_env()


@pytest.fixture(scope="session")
def stack(variables: dict[str, str]) -> Stack:
    """The stack of that .env."""
    document = interpolate(read_compose(), variables)
    return Stack(document["services"], document["networks"], document["volumes"])
