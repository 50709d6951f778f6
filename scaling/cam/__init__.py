"""Where networks look: class activation maps; `python -m scaling.cam`."""
