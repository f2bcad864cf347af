"""The task of a source whose profile is rejected: it fails with the reason, for this source alone."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowFailException

from cchc.sources.profile import read_all_profiles
from cchc.tasks.context import current_day


def read_profile(source: str) -> None:
    """Fail with every mistake in the profile of ``source``.

    It fails for a profile that is corrected by now, too: the DAG that does the work takes the place of this one.
    """
    day = current_day()
    error = read_all_profiles().rejected.get(source)
    if error is None:
        raise AirflowFailException(
            f"{source}.yaml is right now: Airflow reads it again within minutes, then run this day once more: {day}"
        )
    raise AirflowFailException(
        f"{error}\nNothing of {source} is loaded until its file in include/sources/ is corrected; its earlier values "
        "stay and become stale, all other sources run. make validate shows whether the file is right"
    )
