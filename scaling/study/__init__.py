"""Many trials: identity, records, proposers and engines, resume, progress."""
