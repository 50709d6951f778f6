"""From numbers to Matplotlib figures; every drawing has a function that gives its numbers."""
