"""`python -m scaling.predict`."""
