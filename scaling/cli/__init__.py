"""Flags of the commands, their answers, and how they end."""
