"""Takes what is due and lets the domain do it."""
