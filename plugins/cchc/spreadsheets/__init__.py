"""Workbooks and CSV files: read safely into sheets and tables, and written.

Belongs here: bytes to tables, tables to bytes. What a table means for a source, and where a file lies, is in sources/.
"""
