"""Flags, tables, exit status."""
