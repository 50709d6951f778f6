"""What recorded runs found, alone or against each other; `python -m scaling.results`."""
