"""`python -m scaling.results`."""
