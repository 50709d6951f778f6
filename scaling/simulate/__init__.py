"""Studies with known truths, to see whether what is printed holds: `python -m scaling.simulate`."""
