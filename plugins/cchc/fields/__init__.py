"""Typed values of a field map: how JSON, cells of workbooks and text of CSV files are read. Knows no source."""
