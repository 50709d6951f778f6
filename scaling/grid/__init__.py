"""Step 1, the grid search; `python -m scaling.grid`."""
