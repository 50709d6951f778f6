"""What every room may use: plain data, files, errors."""
