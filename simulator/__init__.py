"""The simulated source systems, for demonstration and tests: an HTTP server that answers as the real ones do.

- ``agencies``, ``sets``, ``season``: the agencies of a day, and the working rhythm of a year
- ``values``, ``procedures``: the counts behind the portal's answers; ``scenario``: counts by a file instead of a seed
- ``periods``, ``wire``, ``metrics``, ``trees``, ``scores``: the portal's questions and the shape of its answers
- ``eoffice``, ``treasury``: rows of these sources; ``records``: the shape of their answers
- ``returns`` (returns.yaml), ``tasks``: the agencies' reports by hand; ``inbox``: the files of returns and exports
- ``seeded_faults`` (seeded_faults.yaml): faults that are in the data from the beginning
- ``faults``, ``record_faults``, ``failures``: faults that a test switches on
- ``access``: tokens; ``controls``: clock, faults and request log; ``app``, ``server``, ``certificates``: HTTP
- ``runs``: runs through a running Airflow

The pipeline imports nothing from here; only ``make run`` starts it.

Tests with their own oracle read raw records without HTTP. Each is a list of dicts as on the wire, seeded faults
included; the same seed (default 1, as the server's) gives the same rows:

- ``eoffice_records(first_day, last_day, known_on)``: unit-days as reported at the end of ``known_on``
- ``treasury_records(year, closed_on)``: rows of a budget year at a closing day; the export ``with_seeded_faults=False``
- ``return_records(known_on)``: rows of the returns that have arrived, with ``file``, ``sheet`` and ``arrived_on``
"""

from __future__ import annotations

from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID
from simulator.eoffice import eoffice_records
from simulator.returns import return_records
from simulator.treasury import treasury_records

__all__ = ["ROOT_CODE", "ROOT_DEPARTMENT_ID", "eoffice_records", "return_records", "treasury_records"]
