"""What networks cost on a device; `python -m scaling.profile`."""
