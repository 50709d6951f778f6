"""The figures of a checkout and their page; `python -m scaling.gallery`."""
