"""Where do completions come from? One module for each learning provider."""
