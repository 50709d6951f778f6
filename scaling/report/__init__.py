"""What a command found as data, and its writers: text for a terminal, JSON and CSV for machines."""
