"""What can be followed live."""
