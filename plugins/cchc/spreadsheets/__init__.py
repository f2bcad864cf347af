"""Workbooks and CSV files: read safely into sheets and tables, and written.

Belongs here: bytes to tables, tables to bytes. The meaning of a table and the place of a file belong to sources/.
"""
