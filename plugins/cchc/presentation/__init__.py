"""Texts, tables, pages, workbooks and documents for people, made from the warehouse, the catalog and the profiles.

Belongs here: formats, labels, templates and their rendering. Nothing here computes a measure or a result.
"""
