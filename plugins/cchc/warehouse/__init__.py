"""The PostgreSQL warehouse: connections, migrations, syncs, staging, publish, the ledger, the state of runs.

Its statements are in include/sql/. The audit belongs to quality, the computation of measures to indicators.
"""
