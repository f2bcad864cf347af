"""Everything that Airflow runs: tasks of a few lines around plain functions, callbacks, and runs by hand.

Only this package and ``local`` import Airflow.
"""
