"""What every room may use: errors, plain data, files, units."""
