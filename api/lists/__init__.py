"""How lists are walked."""
