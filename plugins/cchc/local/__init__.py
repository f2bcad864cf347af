"""The commands of the Makefile, the embedded database and Airflow's home on one machine.

Code that knows processes, ports and folders belongs here; code that a run computes with does not.
"""

from __future__ import annotations


class LocalError(Exception):
    """A problem that only the user of this machine can solve; the message is one line."""
