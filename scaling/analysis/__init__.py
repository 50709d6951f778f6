"""From right and wrong answers to numbers with intervals: rankings, gaps, curves, and how far each can be trusted."""
