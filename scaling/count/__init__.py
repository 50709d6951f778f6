"""What a network costs: exact counts, the memory it needs, other tools' conventions; `python -m scaling.count`."""
