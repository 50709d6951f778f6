"""Released weights: read, named, placed."""
