"""Quality: suites run by Great Expectations in the database, and loads judged by them before publish.

Publish itself belongs to warehouse, the quality page to presentation.
"""
