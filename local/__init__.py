"""A whole certlink on one machine: engines, supervisor, demo, seed data.

It is not part of the product, which never imports it.
"""
