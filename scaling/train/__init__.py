"""One network trained and evaluated: optimizer, compiled programs, loop, weights on disk."""
