"""`python -m scaling.export`."""
