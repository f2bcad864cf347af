"""One class for each way of asking a source: portal, records, files. ``protocol`` has their base classes."""
