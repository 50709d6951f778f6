"""What a network costs: exact counts, memory, other tools' conventions; `python -m scaling.count`."""
