"""This machine: the embedded database, Airflow's home and the commands of the Makefile.

What belongs here knows about processes, ports and folders. What a night computes does not.
"""

from __future__ import annotations


class LocalError(Exception):
    """Something about this machine that only its user can mend, said in one line."""
