"""Series, episodes and alerts: what the results say, and what is open because of it."""
