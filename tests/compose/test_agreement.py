"""docker-compose.yaml against the code, the lock and the Dockerfile: when one side changes alone, a test here fails."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.cli import cli_parser
from airflow.configuration import conf
from cryptography.fernet import Fernet

from cchc import settings
from cchc.local import services
from cchc.local import stack as local_stack
from cchc.local.__main__ import COMMANDS
from cchc.local.airflow_home import airflow_environment
from cchc.local.embedded import MAJOR, Database
from cchc.local.install import PYTHONS
from cchc.local.services import HEALTH_CHECKS, SERVICES
from cchc.settings import CHECKOUT, LOOPBACK
from cchc.tasks.policy import TASK_DEFAULTS
from simulator import runs
from tests.compose.compose_file import Stack

DOCKERFILE = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
LOCK = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8")
INSTALL_PAGE = (CHECKOUT / "docs" / "install.md").read_text(encoding="utf-8")
ROOT = "/opt/cchc"
AIRFLOW_SERVICES = {*SERVICES, "worker"}

# The default ports of the services' programs.
PORTS = {
    "scheduler": conf.getint("scheduler", "scheduler_health_check_server_port"),
    "metadata": 5432,
    "warehouse": 5432,
    "redis": 6379,
    "api-server": 8080,
    "simulator": 8760,
    "mail": 1025,
}

# Settings of the stack that differ from those of `make up`, or are added.
OWN = {
    "CORE__EXECUTOR", "CORE__PARALLELISM", "CORE__EXECUTION_API_SERVER_URL", "CORE__FERNET_KEY", "CORE__DAGS_FOLDER",
    "CORE__PLUGINS_FOLDER", "CORE__AUTH_MANAGER", "DATABASE__SQL_ALCHEMY_CONN",
    "DATABASE__SQL_ALCHEMY_CONN_ASYNC", "API__HOST", "API__PORT", "API__BASE_URL", "API__SECRET_KEY",
    "API_AUTH__JWT_SECRET", "LOGGING__BASE_LOG_FOLDER", "CELERY__BROKER_URL", "CELERY__RESULT_BACKEND",
    "CELERY__WORKER_CONCURRENCY", "CELERY__EXTRA_CELERY_CONFIG", "CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT", "SCHEDULER__TASK_QUEUED_TIMEOUT",
    "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL",
    "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY", "SCHEDULER__ENABLE_HEALTH_CHECK",
}  # fmt: skip


def find_locked(package: str) -> str:
    found = re.search(rf"^{re.escape(package)}==(\S+)", LOCK, re.MULTILINE)
    assert found, f"{package} is not in the lock"
    return found[1]


def airflow_command(service: dict[str, Any]) -> list[str]:
    """The words after ``airflow``, also from within a shell's command."""
    *_, last = command = list(service["command"])
    words = shlex.split(last) if command[0] == "bash" else command
    return words[words.index("airflow") + 1 :]


def list_addresses(service: dict[str, Any]) -> list[tuple[str, int]]:
    """Host and port of every address in a service's environment, command and health check."""
    text = json.dumps([service.get("environment"), service.get("command"), service.get("healthcheck")])
    found = [urlsplit(url) for url in re.findall(r"\b(?:https?|redis|postgresql\+psycopg)://[^\s\\\"',]+", text)]
    return [(url.hostname or "", url.port or 0) for url in found]


def test_base_image_is_of_the_locked_airflow_and_of_a_python_that_fits() -> None:
    base = re.search(r"^FROM apache/airflow:slim-(\S+)-python(\d+)\.(\d+)$", DOCKERFILE, re.MULTILINE)
    assert base
    assert base[1] == find_locked("apache-airflow") == find_locked("apache-airflow-core")
    assert PYTHONS[0] <= (int(base[2]), int(base[3])) <= PYTHONS[1]


@pytest.mark.parametrize(("option", "provider"), [("EXECUTOR", "celery"), ("AUTH_MANAGER", "fab")])
def test_provider_of_the_setting_is_locked_as_it_is_required(stack: Stack, option: str, provider: str) -> None:
    name = f"apache-airflow-providers-{provider}"
    required = re.search(rf"^{name}==(\S+)", (CHECKOUT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE)
    assert required
    assert find_locked(name) == required[1]
    assert provider in stack.services["worker"]["environment"][f"AIRFLOW__CORE__{option}"].lower()


def test_databases_are_of_the_version_that_runs_are_tested_on(stack: Stack) -> None:
    for name in ("metadata", "warehouse"):
        assert stack.services[name]["image"].startswith(f"postgres:{MAJOR}.")


def test_all_own_services_have_one_image(stack: Stack) -> None:
    for name in AIRFLOW_SERVICES | {"init", "simulator", "runs"}:
        assert stack.services[name]["image"] == "cchc:1", name


def test_airflow_services_share_an_environment_and_those_on_the_warehouse_have_more(stack: Stack) -> None:
    environments = {name: stack.services[name]["environment"] for name in AIRFLOW_SERVICES}
    assert environments["api-server"] == environments["scheduler"]
    more = {name: environments["worker"][name] for name in ("AIRFLOW_CONN_WAREHOUSE", "CCHC_HOME")}
    for name in ("dag-processor", "triggerer", "worker"):
        assert environments[name] == environments["api-server"] | more, name
    assert environments["worker"].items() <= stack.services["init"]["environment"].items()


def test_only_services_that_run_dags_have_the_provinces_connections(stack: Stack) -> None:
    given = {name for name, service in stack.services.items() if "env_file" in service}
    assert given == AIRFLOW_SERVICES - {"api-server"}


def test_settings_are_those_of_make_up_but_for_the_named_ones(stack: Stack, cluster: Database) -> None:
    local = {name: value for name, value in airflow_environment(cluster.home, cluster).items() if "__" in name}
    compose = {name: value for name, value in stack.services["worker"]["environment"].items() if "__" in name}
    own = {f"AIRFLOW__{option}" for option in OWN}
    assert {name for name in local.keys() - compose.keys() if "SIMPLE_AUTH_MANAGER" not in name} == set()
    assert compose.keys() - local.keys() <= own
    assert {name for name in local.keys() & compose.keys() if local[name] != compose[name]} <= own


def test_no_proxy_stands_between_the_services(stack: Stack) -> None:
    environment = stack.services["worker"]["environment"]
    hosts = environment["NO_PROXY"].split(",")
    assert environment["no_proxy"] == environment["NO_PROXY"]
    assert set(LOOPBACK) <= set(hosts)
    assert {name for name in stack.services if re.search(rf"[/@]{name}:\d", str(environment))} <= set(hosts)
    assert urlsplit(environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]).hostname in hosts


def test_every_setting_is_one_that_airflow_knows(stack: Stack) -> None:
    known = conf.configuration_description
    for name in stack.services["worker"]["environment"]:
        if name.startswith("AIRFLOW__"):
            section, option = name.removeprefix("AIRFLOW__").lower().split("__")
            assert option in known[section]["options"], name


def test_every_variable_of_ours_is_one_that_the_code_reads(stack: Stack) -> None:
    source = inspect.getsource(settings)
    names = {name for service in stack.services.values() for name in service.get("environment", {})}
    for name in {name for name in names if name.startswith("CCHC_")}:
        assert f'"{name}"' in source, name


def test_fernet_key_made_by_the_command_of_the_page_is_valid(variables: dict[str, str]) -> None:
    Fernet(variables["FERNET_KEY"])


@pytest.mark.parametrize("name", sorted(AIRFLOW_SERVICES))
def test_command_is_one_that_airflow_takes(stack: Stack, name: str) -> None:
    parsed = cli_parser.get_parser().parse_args(airflow_command(stack.services[name]))
    assert parsed.subcommand in {name, "celery"}


def test_services_are_those_of_make_up_with_workers(stack: Stack) -> None:
    for name, options in SERVICES.items():
        assert airflow_command(stack.services[name]) == [name, *options]


def test_init_runs_an_existing_command(stack: Stack) -> None:
    assert stack.services["init"]["command"][:3] == ["python", "-m", "cchc.local"]
    assert stack.services["init"]["command"][3] in COMMANDS


def test_every_address_is_a_service_and_the_port_that_it_listens_on(stack: Stack) -> None:
    for name, service in stack.services.items():
        for host, port in list_addresses(service):
            # 127.0.0.1 is the service itself in a health check, elsewhere how browsers call the api-server.
            wanted = {PORTS["api-server"], PORTS.get(name)} if host == "127.0.0.1" else {PORTS[host]}
            assert port in wanted, (name, host, port)


def test_services_listen_where_others_ask(stack: Stack) -> None:
    environment = stack.services["api-server"]["environment"]
    assert environment["AIRFLOW__API__PORT"] == str(PORTS["api-server"])
    assert environment["AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"] == "True"
    assert f"port {PORTS['redis']}\n" in stack.services["redis"]["command"][-1]
    simulator = stack.services["simulator"]["command"]
    assert simulator[simulator.index("--port") + 1] == str(PORTS["simulator"])
    assert stack.services["mail"]["environment"]["MP_SMTP_BIND_ADDR"].endswith(f":{PORTS['mail']}")


def test_heartbeats_are_asked_for_by_their_names_in_airflow(stack: Stack) -> None:
    for name in ("dag-processor", "triggerer"):
        key = name.replace("-", "_")
        assert key in HEALTH_CHECKS
        assert f'"{key}":{{"status":"healthy"' in stack.services[name]["healthcheck"]["test"][1]


def test_databases_are_made_for_the_users_that_connect_to_them(stack: Stack) -> None:
    connection = json.loads(stack.services["worker"]["environment"]["AIRFLOW_CONN_WAREHOUSE"])
    url = urlsplit(stack.services["worker"]["environment"]["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    asked = {
        "warehouse": (connection["schema"], connection["login"], connection["password"]),
        "metadata": (url.path[1:], url.username, url.password),
    }
    for name, (database, login, password) in asked.items():
        made = (CHECKOUT / "docker" / f"{name}.sql").read_text(encoding="utf-8")
        assert f"create role {login} login password :'password';" in made
        assert f"create database {database} owner {login};" in made
        variable = re.search(r"^\\getenv password (\w+)$", made, re.MULTILINE)
        assert variable
        service = stack.services[name]
        assert service["environment"][variable[1]] == password
        test = service["healthcheck"]["test"]
        assert {f"--dbname={database}", f"--username={service['environment']['POSTGRES_USER']}"} <= set(test)
        assert f"./docker/{name}.sql:/docker-entrypoint-initdb.d/{name}.sql:ro" in service["volumes"]


def test_databases_are_set_up_and_asked_as_their_image_knows(stack: Stack) -> None:
    wanted = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "POSTGRES_INITDB_ARGS"}
    for name in ("metadata", "warehouse"):
        service = stack.services[name]
        assert {variable for variable in service["environment"] if variable.startswith("POSTGRES")} == wanted
        assert service["healthcheck"]["test"][:3] == ["CMD", "psql", "--host=127.0.0.1"]
    assert json.loads(stack.services["worker"]["environment"]["AIRFLOW_CONN_WAREHOUSE"])["port"] == PORTS["warehouse"]


def test_libraries_have_the_settings_of_make_up(stack: Stack, cluster: Database) -> None:
    name = "GX_ANALYTICS_ENABLED"
    assert stack.services["worker"]["environment"][name] == airflow_environment(cluster.home, cluster)[name]


def test_redis_is_asked_with_its_password(stack: Stack, variables: dict[str, str]) -> None:
    redis = stack.services["redis"]
    (name,) = redis["environment"]
    assert f"requirepass ${name}\n" in redis["command"][-1]
    assert f"REDISCLI_AUTH=${name} " in redis["healthcheck"]["test"][1]
    url = urlsplit(stack.services["worker"]["environment"]["AIRFLOW__CELERY__BROKER_URL"])
    assert url.password == redis["environment"][name] == variables[name]


def test_password_of_the_admin_is_read_by_its_name(stack: Stack) -> None:
    for name, module in (("init", local_stack), ("runs", runs)):
        assert "ADMIN_PASSWORD" in stack.services[name]["environment"]
        assert '"ADMIN_PASSWORD"' in inspect.getsource(module)


def test_health_is_asked_for_where_make_up_asks(stack: Stack) -> None:
    for name in ("api-server", "dag-processor", "triggerer"):
        (path,) = set(re.findall(r":8080(/[\w/]+)", " ".join(stack.services[name]["healthcheck"]["test"])))
        assert f'{path}"' in inspect.getsource(services)


def test_commands_of_the_page_exist_and_name_existing_services(stack: Stack) -> None:
    commands = re.findall(r"python -m cchc\.local (\S+)", INSTALL_PAGE)
    assert commands
    assert set(commands) <= COMMANDS.keys()
    called = re.findall(r"docker compose (?:exec|run --rm --no-deps)(?: -T)? ([\w-]+)", INSTALL_PAGE)
    assert set(called) <= stack.services.keys()


def test_roles_are_those_that_the_page_asks_of_an_administrator() -> None:
    asked = re.search(
        r"As its administrator:\n\n```sql\n(.*?)```", (CHECKOUT / "docs/operate.md").read_text(), re.DOTALL
    )
    assert asked
    made = (CHECKOUT / "docker" / "warehouse.sql").read_text(encoding="utf-8").replace(":'password'", "'…'")
    assert set(asked[1].splitlines()) <= set(made.splitlines())


def test_paths_are_in_the_image_or_on_a_volume(stack: Stack) -> None:
    made = set(re.findall(r"/(?:var|srv|opt)/\S+", next(re.finditer(r"RUN install.*?USER", DOCKERFILE, re.DOTALL))[0]))
    copied = {f"{ROOT}/{folder}" for folder in re.findall(r"^COPY \S+ (\S+)/ \1/$", DOCKERFILE, re.MULTILINE)}
    for name in AIRFLOW_SERVICES:
        service = stack.services[name]
        mounts = {volume.split(":")[1] for volume in service["volumes"]}
        assert mounts <= made, name
    environment = stack.services["worker"]["environment"]
    assert {environment["AIRFLOW__CORE__DAGS_FOLDER"], environment["AIRFLOW__CORE__PLUGINS_FOLDER"]} <= copied
    worker, api = ({volume.split(":")[1] for volume in stack.services[n]["volumes"]} for n in ("worker", "api-server"))
    assert environment["CCHC_HOME"] in worker
    assert environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] in worker & api


def test_image_has_the_files_that_the_code_reads_beside_itself() -> None:
    copied = set(re.findall(r"^COPY \S+ (\S+)/ \1/$", DOCKERFILE, re.MULTILINE))
    assert {settings.INCLUDE.name, "dags", "plugins", "simulator"} == copied
    allowed = {line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert allowed == copied | {"requirements.txt"}
    assert f"PYTHONPATH={ROOT}/plugins:{ROOT}" in DOCKERFILE


def test_broker_waits_longer_than_any_task_takes(stack: Stack) -> None:
    timeout = int(
        stack.services["worker"]["environment"]["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"]
    )
    assert timeout > TASK_DEFAULTS["execution_timeout"].total_seconds()


def test_queued_task_finds_a_worker_slot(stack: Stack) -> None:
    environment, workers = stack.services["worker"]["environment"], stack.services["worker"]["deploy"]["replicas"]
    places = int(workers) * int(environment["AIRFLOW__CELERY__WORKER_CONCURRENCY"])
    assert int(environment["AIRFLOW__CORE__PARALLELISM"]) == places


def test_worker_imports_the_modules_of_tasks_before_it_forks(stack: Stack) -> None:
    imported = json.loads(stack.services["worker"]["environment"]["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])["imports"]
    assert all(find_spec(name) for name in imported)
    dags = "".join(file.read_text(encoding="utf-8") for file in (CHECKOUT / "dags").glob("*.py"))
    tasks = re.findall(r"(?<=\bfrom cchc\.tasks import )[\w, ]+", dags)
    assert tasks
    assert {f"cchc.tasks.{name.split()[0]}" for line in tasks for name in line.split(", ")} <= set(imported)


def test_page_names_every_service(stack: Stack) -> None:
    for name in stack.services:
        assert f"`{name}`" in INSTALL_PAGE, name
