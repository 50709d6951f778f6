"""A worker: one process that trains trials of a run, wherever it is; `python -m scaling.work`."""
