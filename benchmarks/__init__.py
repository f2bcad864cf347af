"""Benchmarks of ``make bench``: times as ratios to a floor of the same run. They are no tests."""
