"""The administrator of Airflow's pages, in the database of the FAB auth manager."""

from __future__ import annotations

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from werkzeug.security import check_password_hash


def set_administrator(name: str, password: str) -> bool:
    """Make the user, or change its password if it differs; False where the provider has printed why it can't.

    It calls the provider's functions, since its commands show the password to everybody who lists processes.
    """
    with get_application_builder() as builder:
        security = builder.sm
        user = security.find_user(username=name)
        if user is None:
            role = security.find_role("Admin")
            return bool(security.add_user(name, "Quản trị", "cchc", f"{name}@localhost", role, password))
        # Setting a password ends the sessions of all who are logged in by it.
        return check_password_hash(user.password, password) or security.reset_password(user.id, password)
