"""Quality: suites run by Great Expectations in the database, verdicts on rows, the page of the night."""
