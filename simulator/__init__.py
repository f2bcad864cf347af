"""The source systems, for demonstration and tests: a real HTTP server that the pipeline can't tell from the portal.

``agencies`` and ``season`` are the world, ``figures`` the numbers of a day, ``periods`` what can be asked, ``wire`` the
shape of an answer, ``faults`` and ``failures`` what can go wrong with it, ``controls`` the switches, ``app`` and
``server`` the HTTP. Nothing here is imported by the pipeline.
"""

from __future__ import annotations

from simulator.agencies import ROOT_CODE, ROOT_DEPARTMENT_ID

__all__ = ["ROOT_CODE", "ROOT_DEPARTMENT_ID"]
