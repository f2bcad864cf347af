"""The caller's environment, without variables that are meant for other programs."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cchc.settings import CHECKOUT, LOOPBACK

logger = logging.getLogger(__name__)

NO_PROXY_HOSTS = (*LOOPBACK, socket.gethostname())  # Airflow asks its own machine by name for some logs
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def is_service() -> bool:
    """Whether this is a service of docker-compose.yaml: its environment names this Airflow's DAGs, database, warehouse.

    The variables of another Airflow don't make a service of ours.
    """
    named = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_WAREHOUSE"} <= os.environ.keys()
    return named and Path(os.environ.get("AIRFLOW__CORE__DAGS_FOLDER", "")) == CHECKOUT / "dags"


def clean_process_environment() -> None:
    """Remove from this process's environment the variables that ``clean_environment`` leaves out."""
    kept = dict(os.environ) if is_service() else clean_environment(os.environ)
    for name in os.environ.keys() - kept.keys():
        del os.environ[name]


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without the settings of another Airflow, of Python, and proxies that Airflow can't read.

    Airflow's connections and variables stay: a user configures the DAGs by them.
    """
    unusable = {name for name, value in environment.items() if name.lower() in PROXIES and not is_usable_proxy(value)}
    for name in sorted(unusable):
        logger.warning("%s is ignored: it names no http or https proxy", name)
    return {name: value for name, value in environment.items() if name not in unusable and not _is_foreign(name)}


def is_usable_proxy(address: str) -> bool:
    """Whether Airflow's HTTP client can read the address. It fails on any other, also for requests without proxy."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        return not address or (parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 80) > 0)
    except ValueError:
        return False


def except_loopback(environment: Mapping[str, str]) -> dict[str, str]:
    """``no_proxy`` with this machine's addresses and the exceptions of ``environment``."""
    given = ",".join(environment.get(name, "") for name in ("no_proxy", "NO_PROXY")).split(",")
    hosts = ",".join(dict.fromkeys([*NO_PROXY_HOSTS, *filter(None, map(str.strip, given))]))
    return {"no_proxy": hosts, "NO_PROXY": hosts}


def _is_foreign(name: str) -> bool:
    return name.startswith(("AIRFLOW__", "PYTHON")) or name in ("AIRFLOW_CONFIG", "AIRFLOW_HOME")
