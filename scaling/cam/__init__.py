"""Class activation maps; `python -m scaling.cam`."""
