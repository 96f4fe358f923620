"""Pagination by keyset cursors."""
