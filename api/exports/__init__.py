"""Export a whole list as a file."""
