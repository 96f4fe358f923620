"""Limits on what callers use."""
