"""Workers: take what is due and let the domain do it."""
