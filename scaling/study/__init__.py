"""Many trials: specification, identity, records, engines, resume, progress."""
