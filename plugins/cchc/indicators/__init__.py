"""Measures and attainment, over any range of days. The SQL is in include/sql/measures/ and include/sql/attainment/."""
