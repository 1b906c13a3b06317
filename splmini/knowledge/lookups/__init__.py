"""Lookup tables: their definitions, their content, and how rows are found."""
