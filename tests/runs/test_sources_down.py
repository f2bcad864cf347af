"""Each source down, alone and together: the run ends, other sources are right, stale results state since when."""

from __future__ import annotations

from datetime import date

from simulator.server import run_simulator
from tests.runs.conftest import ALL_WELL, choose_hour

ALL_UP = date(2024, 6, 29)
EOFFICE_DOWN, TREASURY_DOWN, INBOX_GONE, ALL_DOWN, UP_AGAIN = (date(2024, 7, day) for day in (4, 5, 6, 10, 11))
# Source → an indicator that it feeds.
FED = {"national_portal": "II.1.b-1", "eoffice": "II.9-1", "treasury": "II.7-1", "returns": "II.1.e-1"}


def read_freshness(installation, day):
    """Data date and staleness of one indicator of each source, in the province's result of a day."""
    rows = installation.query(
        "select indicator_code, data_date, is_stale from mart.indicator_attainment"
        " where as_of_date = %s and agency_code = 'H58' and variant = 'primary' and indicator_code = any(%s)",
        day,
        list(FED.values()),
    )
    freshness = {code: (data_date, is_stale) for code, data_date, is_stale in rows}
    return {source: freshness[code] for source, code in FED.items()}


def test_source_that_is_down_stops_no_other_and_its_results_state_since_when_they_are_stale(installation):
    with run_simulator(
        dossiers_per_year=50_000, units=2, inbox=installation.inbox, now=choose_hour(ALL_UP)
    ) as simulator:
        installation.connect_portal(simulator.base_url, simulator.root_department_id)
        installation.connect_records(simulator)

        def run(day, *failed):
            simulator.set_clock(choose_hour(day))
            states = installation.run_day(day)
            assert states == ALL_WELL | {f"ingest_{source}": "failed" for source in failed}
            simulator.clear_faults()
            return read_freshness(installation, day)

        # The reports of the first quarter are in use; those of the second come in July.
        first_quarter = (date(2024, 3, 31), False)
        freshness = run(ALL_UP)
        assert freshness == dict.fromkeys(FED, (ALL_UP, False)) | {"returns": first_quarter}

        simulator.set_fault("van-ban", "server_error")
        assert run(EOFFICE_DOWN, "eoffice") == {
            "national_portal": (EOFFICE_DOWN, False),
            "eoffice": (ALL_UP, True),
            "treasury": (EOFFICE_DOWN, False),
            "returns": first_quarter,
        }
        late = installation.query("select source, newest_day, stale_since from mart.data_freshness where is_late")
        assert ("eoffice", ALL_UP, date(2024, 7, 3)) in late  # three days may lie between
        assert {source for source, *_ in late} == {"eoffice"}

        simulator.set_fault("token", "unauthorized")
        freshness = run(TREASURY_DOWN, "treasury")
        assert freshness["eoffice"] == (TREASURY_DOWN, False)
        assert freshness["treasury"] == (EOFFICE_DOWN, False)  # a day old, which is allowed

        installation.connect_inbox(lost=True)
        freshness = run(INBOX_GONE, "returns")
        assert freshness["national_portal"] == freshness["eoffice"] == freshness["treasury"] == (INBOX_GONE, False)
        assert freshness["returns"] == first_quarter
        unfinished = installation.query("select source from ops.ingest_run where finished_at is null")
        assert unfinished == []  # a run that can't be planned has ended: attainment doesn't wait for it until 06:00

        for endpoint in ("van-ban", "token"):
            simulator.set_fault(endpoint, "forbidden")
        freshness = run(ALL_DOWN, "eoffice", "treasury", "returns")
        assert freshness["national_portal"] == (ALL_DOWN, False)
        assert freshness["eoffice"] == freshness["treasury"] == (INBOX_GONE, True)

        installation.connect_records(simulator)
        freshness = run(UP_AGAIN)
        assert freshness == dict.fromkeys(FED, (UP_AGAIN, False)) | {"returns": (date(2024, 6, 30), False)}
        gap = installation.query(
            "select count(distinct day) from core.office_unit_day where day between %s and %s", ALL_UP, UP_AGAIN
        )
        assert gap == [((UP_AGAIN - ALL_UP).days + 1,)]  # the missed days were read with the next one
