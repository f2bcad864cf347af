"""docker-compose.yaml against the specification, and its services against each other."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compose.compose_file import (
    COMPOSE_FILE,
    ENV_EXAMPLE,
    VARIABLE,
    MissingVariableError,
    Stack,
    interpolate,
    list_defaults,
    list_variables,
    make_env,
    read_compose,
    read_env,
)

REQUIRED = re.compile(r"\$\{(?P<name>[A-Z_]+):\?")


def find_schema_errors(file: Path) -> str:
    """The errors of a file by the compose specification's schema; empty where it is valid."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    completed = subprocess.run(check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return completed.stdout if completed.returncode else ""


def list_required() -> list[str]:
    return sorted(set(REQUIRED.findall(COMPOSE_FILE.read_text(encoding="utf-8"))))


def published(service: dict[str, Any]) -> list[str]:
    return list(service.get("ports", []))


def test_compose_file_is_valid_by_the_specification() -> None:
    assert find_schema_errors(COMPOSE_FILE) == ""


def test_check_by_the_specification_finds_an_error(tmp_path: Path) -> None:
    wrong = read_compose()
    wrong["services"]["worker"]["depend_on"] = wrong["services"]["worker"].pop("depends_on")
    (tmp_path / "docker-compose.yaml").write_text(yaml.safe_dump(wrong), encoding="utf-8")
    assert "depend_on" in find_schema_errors(tmp_path / "docker-compose.yaml")


def test_example_has_each_variable_of_the_file_and_no_other_but_the_name_of_the_project() -> None:
    variables = list_variables(read_compose()) | {"COMPOSE_PROJECT_NAME"}
    assert variables == read_env(ENV_EXAMPLE.read_text(encoding="utf-8")).keys()


def test_every_dollar_has_a_form_that_these_tests_read() -> None:
    assert "$" not in VARIABLE.sub("", COMPOSE_FILE.read_text(encoding="utf-8"))


def test_optional_variable_has_the_default_of_the_example() -> None:
    defaults = list_defaults(COMPOSE_FILE.read_text(encoding="utf-8"))
    example = read_env(ENV_EXAMPLE.read_text(encoding="utf-8"))
    assert defaults == {name: example[name] for name in defaults}


def test_example_explains_each_variable_in_the_line_above() -> None:
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    bare = [
        line for above, line in itertools.pairwise(lines) if "=" in line[:30] and line[0] != "#" and above[:2] != "# "
    ]
    assert bare == []


def test_no_secret_has_a_value_to_begin_with() -> None:
    example = read_env(ENV_EXAMPLE.read_text(encoding="utf-8"))
    secrets = {name for name in example if name.endswith(("PASSWORD", "SECRET", "KEY"))}
    assert {name for name, value in example.items() if not value} == secrets
    assert secrets | {"CCHC_VERSION", "PROVINCE_ENV"} == set(list_required())


@pytest.mark.parametrize("name", list_required())
def test_missing_secret_stops_compose_with_its_name(variables: dict[str, str], name: str) -> None:
    with pytest.raises(MissingVariableError, match=name):
        interpolate(read_compose(), {**variables, name: ""})


def test_demonstration_has_an_env_file_of_its_own() -> None:
    assert (make_env()["PROVINCE_ENV"], make_env("demo")["PROVINCE_ENV"]) == ("province.env", "simulator/province.env")
    services = interpolate(read_compose(), make_env("demo"))["services"]
    assert services["worker"]["env_file"] == ["simulator/province.env"]


def test_demonstration_shares_no_volume_with_a_province() -> None:
    assert "name" not in read_compose()
    assert make_env()["COMPOSE_PROJECT_NAME"] != make_env("demo")["COMPOSE_PROJECT_NAME"]


def test_images_have_named_versions(stack: Stack) -> None:
    for service in stack.services.values():
        assert re.search(r":v?\d[\w.-]*$", service["image"]), service["image"]


def test_only_airflow_is_published_and_the_demonstrations_mails_both_on_loopback(stack: Stack) -> None:
    ports = {name: published(service) for name, service in stack.services.items() if published(service)}
    assert ports == {"api-server": ["127.0.0.1:8080:8080"], "mail": ["127.0.0.1:8025:8025"]}
    assert stack.services["mail"]["profiles"] == ["demo"]


def test_services_without_need_have_no_way_out(stack: Stack) -> None:
    assert stack.networks["inside"] == {"internal": True}
    outside = {name for name, service in stack.services.items() if "outside" in service["networks"]}
    assert outside == {"api-server", "dag-processor", "worker", "mail"}


def test_each_service_has_limits_restart_and_rotating_logs(stack: Stack) -> None:
    once = {"init", "runs"}
    for name, service in stack.services.items():
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert service["restart"] == ("no" if name in once else "unless-stopped"), name
        assert service["logging"] == {"driver": "local"}, name
        assert ("healthcheck" in service) is (name not in once), name


def test_each_service_waits_only_for_states_that_can_come(stack: Stack) -> None:
    for name, service in stack.services.items():
        for needed, how in service.get("depends_on", {}).items():
            other = stack.services[needed]
            if how["condition"] == "service_healthy":
                assert "healthcheck" in other, (name, needed)
            else:
                assert other["restart"] == "no", (name, needed)
            assert "profiles" not in other or "profiles" in service, (name, needed)


def find_awaited(stack: Stack, name: str) -> set[str]:
    needed = set(stack.services[name].get("depends_on", {}))
    return needed.union(*(find_awaited(stack, other) for other in needed)) if needed else needed


def test_each_service_waits_for_all_that_it_depends_on(stack: Stack) -> None:
    databases = {"metadata", "warehouse"}
    assert find_awaited(stack, "init") == databases
    assert find_awaited(stack, "api-server") == databases | {"init"}
    for name in ("scheduler", "dag-processor", "triggerer", "worker"):
        assert find_awaited(stack, name) == databases | {"init", "redis", "api-server"}, name
    assert find_awaited(stack, "runs") == stack.services.keys() - {"runs", "triggerer"}


def test_own_image_has_no_needless_capability(stack: Stack) -> None:
    for name, service in stack.services.items():
        if service["image"].startswith("cchc:"):
            assert service["init"] is True, name
            assert service["build"] == ".", name
        if service["image"].startswith(("cchc:", "redis:")):
            assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"]), name
    assert stack.services["redis"]["user"] == "redis"


def test_volumes_are_declared_and_used(stack: Stack) -> None:
    mounted = {volume.split(":")[0] for service in stack.services.values() for volume in service.get("volumes", [])}
    assert {source for source in mounted if not source.startswith(".")} == stack.volumes.keys()
    for source in mounted - stack.volumes.keys():
        assert (COMPOSE_FILE.parent / source).is_file()


def test_settings_are_json_where_airflow_expects_it(stack: Stack, variables: dict[str, str]) -> None:
    connection = json.loads(stack.services["worker"]["environment"]["AIRFLOW_CONN_WAREHOUSE"])
    assert connection["password"] == variables["WAREHOUSE_PASSWORD"]
