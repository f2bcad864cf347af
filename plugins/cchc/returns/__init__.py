"""Returns: what agencies report by hand, and the workbooks in which they do."""
