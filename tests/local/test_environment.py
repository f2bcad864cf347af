"""The caller's environment in this project's processes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from cchc.local.environment import clean_environment, clean_process_environment, except_loopback, is_usable_proxy
from cchc.settings import CHECKOUT

FOREIGN = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "cat /secret",
    "AIRFLOW_CONFIG": "/opt/other/airflow.cfg",
    "AIRFLOW_HOME": "/opt/other",
    "PYTHONHOME": "/opt/python2",
    "PYTHONWARNINGS": "error",
}
OURS = {
    "AIRFLOW_CONN_EOFFICE": "{}",
    "AIRFLOW_VAR_X": "1",
    "CCHC_HOME": "/srv/cchc",
    "PATH": "/bin",
    "HTTP_PROXY": "http://proxy:3128",
}


def test_settings_of_another_airflow_and_of_python_are_left_out_and_connections_stay() -> None:
    assert clean_environment(FOREIGN | OURS) == OURS


def test_proxy_that_airflow_cannot_read_is_left_out_and_named(caplog: pytest.LogCaptureFixture) -> None:
    kept = clean_environment(OURS | {"ALL_PROXY": "socks5://user:secret@proxy", "https_proxy": "http://proxy:abc"})
    assert kept == OURS
    assert [record.getMessage() for record in caplog.records] == [
        "ALL_PROXY is ignored: it names no http or https proxy",
        "https_proxy is ignored: it names no http or https proxy",
    ]


@pytest.mark.parametrize("address", ["http://proxy:3128", "proxy:3128", "https://u:p@proxy", "http://[::1]:3128", ""])
def test_http_proxy_is_usable(address: str) -> None:
    assert is_usable_proxy(address)


@pytest.mark.parametrize(
    "address", ["socks5://proxy:1080", "ftp://proxy", "http://proxy:abc", "http://", "http://[::1"]
)
def test_other_proxy_is_not(address: str) -> None:
    assert not is_usable_proxy(address)


def test_this_machine_is_excepted_from_proxies_beside_what_the_caller_excepts() -> None:
    variables = except_loopback({"no_proxy": "office.example, localhost", "NO_PROXY": ".lan"})
    assert set(variables) == {"no_proxy", "NO_PROXY"}
    for hosts in variables.values():
        assert hosts.split(",") == ["127.0.0.1", "localhost", "::1", socket.gethostname(), "office.example", ".lan"]


@pytest.fixture
def kept_environment() -> Iterator[None]:
    """This process's environment is afterwards what it was."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.usefixtures("kept_environment")
def test_variables_of_another_airflow_make_no_service_of_ours() -> None:
    service = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://other", "AIRFLOW_CONN_WAREHOUSE": "{}"}
    os.environ.update(service, AIRFLOW__CORE__DAGS_FOLDER=str(CHECKOUT / "dags"))
    clean_process_environment()
    assert service.items() <= os.environ.items()  # a service of docker-compose.yaml keeps what the file says
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = "/opt/other/dags"
    clean_process_environment()
    assert not any(name.startswith("AIRFLOW__") for name in os.environ)
    assert os.environ["AIRFLOW_CONN_WAREHOUSE"] == "{}"
