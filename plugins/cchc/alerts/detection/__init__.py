"""Detection: which alerts open and end, from series of results, deadlines, late runs and failed runs. Sends nothing."""
