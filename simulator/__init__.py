"""The source systems, for demonstration and tests: a real HTTP server that the pipeline can't tell from the real ones.

``agencies``, ``sets`` and ``season`` are the world. The portal: ``figures`` the numbers of a day, ``periods`` what can
be asked, ``wire`` the shape of an answer. ``eoffice`` and ``treasury`` are what their names say, ``records`` the shape
of their answers; ``returns`` (told by returns.yaml) and ``tasks`` are what agencies report, ``inbox`` the files of it.
``faults``, ``record_faults`` and ``failures`` are what can be made to go wrong, ``planted`` (planted.yaml) what is
wrong on purpose from the beginning. ``access`` is tokens, ``controls`` the switches, ``app`` and ``server`` the HTTP.
Nothing here is imported by the pipeline but by ``make run``.

Raw records without HTTP, for tests that reckon for themselves; each is a list of dicts as on the wire, planted mistakes
included, the same for the same seed (1 unless said, as the server's):

- ``eoffice_records(first_day, last_day, known_on)``: unit-days as told at the end of ``known_on``;
- ``treasury_records(year, closed_on)``: rows of a budget year at a closing day, ``with_planted=False``: as exported;
- ``return_records(known_on)``: cells of the returns that have arrived, with ``file``, ``sheet`` and ``arrived_on``.
"""

from __future__ import annotations

from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID
from simulator.eoffice import eoffice_records
from simulator.returns import return_records
from simulator.treasury import treasury_records

__all__ = ["ROOT_CODE", "ROOT_DEPARTMENT_ID", "eoffice_records", "return_records", "treasury_records"]
