"""How fast is it, as ratios measured in one run? Each module here is a program: ``python -m bench.connection``."""
