"""The demonstration's certificates: a client that trusts the authority reaches the simulator, another doesn't."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from cchc.settings import CHECKOUT
from cchc.sources.errors import SourceUnavailableError
from cchc.sources.http import RejectedResponseError, post_json
from cchc.sources.http_session import Route
from cchc.sources.profile_parts import RequestPolicy
from simulator.certificates import make_certificates

POLICY = RequestPolicy(
    pause_seconds=0,
    connect_timeout_seconds=10,
    read_timeout_seconds=10,
    tries=1,
    first_wait_seconds=0,
    max_wait_seconds=0,
    max_body_bytes=1 << 20,
)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a simulator that speaks https, and the certificates to trust."""
    folder = tmp_path_factory.mktemp("tls")
    options = ["--tls", str(folder), "--names", "127.0.0.1,mail"]
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", *options], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        yield server.stdout.readline().split()[-1], folder / "ca.pem"
        server.terminate()


def test_who_trusts_the_authority_is_answered(secured: tuple[str, Path]) -> None:
    address, ca = secured
    assert address.startswith("https://127.0.0.1:")
    assert requests.get(f"{address}/control/requests", verify=str(ca), timeout=10).json() == []
    with pytest.raises(RejectedResponseError, match="HTTP 404"):
        post_json(f"{address}/nowhere", {}, POLICY, route=Route(ca_file=str(ca)))


def test_who_does_not_is_not(secured: tuple[str, Path]) -> None:
    with pytest.raises(SourceUnavailableError, match="certificate verify failed"):
        post_json(f"{secured[0]}/nowhere", {}, POLICY)


def test_key_is_readable_by_its_owner_only(secured: tuple[str, Path]) -> None:
    assert (secured[1].parent / "server.key").stat().st_mode & 0o777 == 0o600


def test_certificates_that_last_are_kept_and_others_made_anew(tmp_path: Path) -> None:
    first = make_certificates(tmp_path, ("simulator", "mail")).ca.read_bytes()
    assert make_certificates(tmp_path, ("simulator", "mail")).ca.read_bytes() == first
    assert make_certificates(tmp_path, ("simulator", "post")).ca.read_bytes() != first
