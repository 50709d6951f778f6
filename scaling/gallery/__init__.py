"""`python -m scaling.gallery`."""
