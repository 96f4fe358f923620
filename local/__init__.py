"""A whole certlink on one machine: engines, supervisor, demo and seed data. Not part of the product."""
