"""``python -m cchc.local <command>``: the commands of the Makefile's targets and of docker-compose.yaml's ``init``."""

from __future__ import annotations

import argparse
import errno
import logging
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import NoReturn

import psycopg

from cchc.local import LocalError
from cchc.local.demonstration import enter_home
from cchc.local.environment import clean_process_environment
from cchc.mistake import MistakesError
from cchc.settings import SettingsError, read_home
from cchc.warehouse.connection import ignore_libpq_environment

# Command → module here, function, names of its arguments. The function gets the home and the arguments and returns the
# exit code. Its module is imported at the call, so that `make sql` doesn't wait for Airflow.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "run": ("nightly", "run_demonstration"),
    "nightly": ("nightly", "run_nightly", "day", "sources"),
    "check": ("check", "check_source", "source"),
    "checksum": ("checksum", "print_checksum"),
    "ack": ("alerts", "acknowledge", "alert", "why", "until", "who"),
    "snooze": ("alerts", "snooze", "alert", "why", "until", "who"),
    "alerts-dry-run": ("alerts", "preview", "day"),
    "retry": ("retry", "retry", "source", "day"),
    "withdraw": ("withdraw", "withdraw", "day"),
    "templates": ("templates", "make_templates", "year"),
    "validate": ("validate", "validate_files"),
    "docs": ("documents", "write_documents"),
    "prepare": ("stack", "prepare_stack"),
    "up": ("services", "start_services"),
    "down": ("services", "stop_services"),
    "psql": ("query", "open_shell"),
    "sql": ("query", "run_query", "query"),
}

# They need no warehouse. No setting of home or clock may stop them: down always works, validate lists all mistakes.
APART = {"down", "validate", "templates", "docs"}

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TOO_MANY = 'too many connections for role "cchc_analyst"'
# Errors that only the user of this machine can solve: no space, no right to write, no folder where one should be.
OF_THE_DISK = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ELOOP,
}


def main() -> int:
    """Run the command of the command line on this installation; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m cchc.local", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    for command, (_, _, *names) in COMMANDS.items():
        arguments = commands.add_parser(command)
        for name in names:
            arguments.add_argument(name)
    given = vars(parser.parse_args())
    module, function, *names = COMMANDS[given["command"]]
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _leave)
    try:
        clean_process_environment()
        ignore_libpq_environment()
        home = read_home()
        if given["command"] not in APART:
            enter_home(home, given["command"])
        run = getattr(import_module(f"cchc.local.{module}"), function)
        code: int = run(home, *(given[name] for name in names))
    except (LocalError, SettingsError, MistakesError, psycopg.OperationalError, OSError) as error:
        sys.stderr.write(f"{_explain(error)}\n")
        code = 1
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    return code


def _explain(error: Exception) -> str:
    """The error in words for the user. An error that the user can't solve is raised again."""
    if isinstance(error, psycopg.OperationalError) and TOO_MANY in str(error):
        return (
            "analysts hold all the sessions that they may have at once: close programs that read the warehouse as"
            " cchc_analyst. make down, then make up, ends them all"
        )
    if isinstance(error, psycopg.OperationalError):
        return f"the database can't be reached: {error}"
    if not isinstance(error, OSError):
        return str(error)
    if error.errno not in OF_THE_DISK:
        raise error
    return f"{error.strerror}: {error.filename or 'a file of ' + str(read_home())}. Solve that, then run it again."


def _leave(number: int, _frame: object) -> NoReturn:
    """Exit through the contexts, so that the last user of the database stops it; later signals are ignored."""
    for ending in ENDING:
        signal.signal(ending, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
