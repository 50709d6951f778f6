"""Recipes against each other on several networks: `python -m scaling.ablation`."""
