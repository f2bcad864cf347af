"""The profile demo against the simulator: addresses, certificates, connections and runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from airflow.configuration import conf

from cchc.local.nightly import SIMULATED_DAYS
from cchc.settings import CHECKOUT
from simulator.certificates import Secured
from simulator.periods import described_day
from simulator.runs import HOURS
from simulator.server import DEFAULT_NOW, Scale, build_simulator, list_connections
from tests.compose.compose_file import Stack, read_env
from tests.compose.test_agreement import PORTS


@pytest.mark.parametrize("name", ["simulator", "runs"])
def test_demonstrations_options_are_known(stack: Stack, name: str) -> None:
    python, *command = stack.services[name]["command"]
    assert python == "python"
    shown = subprocess.run(
        [sys.executable, *command[:2], "--help"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True
    )
    assert {word for word in command if word.startswith("--")} <= set(re.findall(r"--[a-z-]+", shown.stdout))


def test_demonstrations_connections_are_those_of_its_simulator(stack: Stack) -> None:
    command = stack.services["simulator"]["command"]
    given = {option: command[command.index(option) + 1] for option in ("--names", "--tls", "--inbox", "--port")}
    names = tuple(given["--names"].split(","))
    assert names == ("simulator", "mail")
    _, simulator = build_simulator(f"https://{names[0]}:{given['--port']}", Scale(), DEFAULT_NOW)
    env = read_env((CHECKOUT / "simulator" / "province.env").read_text(encoding="utf-8"))
    for name, connection in list_connections(simulator.base_url, simulator.access, None).items():
        found = json.loads(env[f"AIRFLOW_CONN_{name.upper()}"])
        assert found["extra"].pop("ca_file") == f"{given['--tls']}/ca.pem"
        assert found == connection
    assert json.loads(env["AIRFLOW_CONN_RETURNS_INBOX"])["extra"]["url"] == f"file://{given['--inbox']}"
    smtp = json.loads(env["AIRFLOW_CONN_ALERTS_SMTP"])
    assert (smtp["host"], smtp["port"]) == ("mail", PORTS["mail"])
    assert (CHECKOUT / env["CCHC_RECIPIENTS"]).is_file()


def test_demonstration_begins_before_its_first_run(stack: Stack) -> None:
    command = stack.services["simulator"]["command"]
    assert datetime.fromisoformat(command[command.index("--now") + 1]) == next(iter(HOURS.values()))


def test_demonstration_has_the_data_dates_of_make_run() -> None:
    assert tuple(HOURS) == SIMULATED_DAYS
    assert {described_day(hour) for hour in HOURS.values()} == set(SIMULATED_DAYS)


def test_mail_catcher_has_the_simulators_certificate_and_the_port_that_is_published(stack: Stack) -> None:
    mail, command = stack.services["mail"], stack.services["simulator"]["command"]
    secured = Secured(Path(command[command.index("--tls") + 1]), ())
    environment = mail["environment"]
    assert (environment["MP_SMTP_TLS_CERT"], environment["MP_SMTP_TLS_KEY"]) == (
        str(secured.certificate),
        str(secured.key),
    )
    assert environment["MP_UI_BIND_ADDR"].rpartition(":")[2] == mail["ports"][0].rpartition(":")[2]
    runs = stack.services["runs"]["command"]
    assert runs[runs.index("--ca") + 1] == str(secured.ca)
    assert str(secured.ca) in stack.services["simulator"]["healthcheck"]["test"]


def test_every_variable_of_the_demonstrations_file_is_known() -> None:
    env = read_env((CHECKOUT / "simulator" / "province.env").read_text(encoding="utf-8"))
    pages = (CHECKOUT / "docs" / "operate.md").read_text(encoding="utf-8")
    for name in env:
        section, _, option = name.removeprefix("AIRFLOW__").lower().partition("__")
        assert f"`{name}`" in pages or option in conf.configuration_description[section]["options"], name
