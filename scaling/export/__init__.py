"""A network with its weights in a form that others run; `python -m scaling.export`."""
