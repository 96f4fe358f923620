"""How does a whole list leave certlink as a file? One module for each step, from the address to the last byte."""
