"""Which documents may be executed, and how large they may be."""
