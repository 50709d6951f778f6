"""Step 2, the family; `python -m scaling.family`."""
