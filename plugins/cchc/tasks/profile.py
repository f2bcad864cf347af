"""The task of a source whose profile is refused: it says why, so that its run fails alone and people hear of it."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowFailException

from cchc.sources.profile import read_all_profiles
from cchc.tasks.context import current_day


def read_profile(source: str) -> None:
    """Fail with every mistake in the profile of ``source``.

    Mended since the DAG was made, it fails too: the DAG that does the work takes the place of this one.
    """
    day = current_day()
    error = read_all_profiles().refused.get(source)
    if error is None:
        raise AirflowFailException(
            f"{source}.yaml is right now: Airflow reads it again within minutes, then run this day once more: {day}"
        )
    raise AirflowFailException(
        f"{error}\nNothing of {source} is taken in until its file in include/sources/ is corrected; what it brought "
        "before stays and becomes stale, all other sources run. make validate shows whether the file is right"
    )
