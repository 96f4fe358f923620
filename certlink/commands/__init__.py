"""The commands of ``certlink``, one module for each kind."""
