"""The work of PostgreSQL's image: a database service of docker-compose.yaml on the address that stands for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cchc.local.embedded import MAJOR
from cchc.local.programs import ENVIRONMENT, Programs, find_programs, prepare_programs
from tests.stack.process_stack import ProcessStack, list_initial


@contextmanager
def run_postgres(stack: ProcessStack, service: str) -> Iterator[None]:
    """The service, its data new: users, database and first files by its environment and mounts."""
    environment: Mapping[str, str] = stack.stack.services[service]["environment"]
    user = environment["POSTGRES_USER"]
    programs = prepare_programs(MAJOR, stack.folder / service)
    data = make_data(programs, environment)
    host = stack.find_address(service)
    options = f"--listen_addresses={host} --port=5432 --unix_socket_directories= --fsync=off"
    log = programs.data / "log"
    must(programs.run("pg_ctl", "start", f"--pgdata={data}", "--wait", f"--log={log}", f"--options={options}"))
    try:
        login = client_environment(stack, service)
        for file in list_initial(stack.stack.services[service]):
            psql = [str(find_programs(MAJOR) / "psql"), "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={file}"]
            psql += [f"--username={user}", f"--dbname={environment['POSTGRES_DB']}"]
            subprocess.run(psql, env={**login, **environment}, stdout=subprocess.DEVNULL, check=True)
        check = stack.stack.services[service]["healthcheck"]["test"]
        subprocess.run(
            [stack.translate(service, word) for word in check[1:]], env=login, stdout=subprocess.DEVNULL, check=True
        )
        yield
    finally:
        programs.run("pg_ctl", "stop", f"--pgdata={data}", "--mode=fast", "--wait")


def client_environment(stack: ProcessStack, service: str) -> dict[str, str]:
    """The variables that replace the inside of the container, where psql, pg_dump … need no address and password."""
    password = stack.stack.services[service]["environment"]["POSTGRES_PASSWORD"]
    path = os.pathsep.join((str(find_programs(MAJOR)), ENVIRONMENT["PATH"]))
    return {**ENVIRONMENT, "PATH": path, "PGHOST": stack.find_address(service), "PGPASSWORD": password}


def make_data(programs: Programs, environment: Mapping[str, str]) -> str:
    """initdb with the arguments of the file; the folder made."""
    secret = programs.data / "password"
    secret.write_text(environment["POSTGRES_PASSWORD"])
    os.chown(secret, programs.uid, programs.gid)
    data = f"{programs.data / 'data'}"
    options = [f"--pgdata={data}", f"--username={environment['POSTGRES_USER']}", f"--pwfile={secret}"]
    must(programs.run("initdb", *options, "--auth=scram-sha-256", *environment["POSTGRES_INITDB_ARGS"].split()))
    return data


def must(completed: subprocess.CompletedProcess[str]) -> None:
    assert completed.returncode == 0, completed.stdout
