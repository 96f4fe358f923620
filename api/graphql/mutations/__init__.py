"""The schema's mutations: each field calls one operation."""
