"""Attainment of a province's yearly administrative-reform plan (cải cách hành chính, CCHC).

Only ``cchc.tasks`` imports Airflow; everything else is plain Python that a test can call.
"""
