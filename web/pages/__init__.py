"""The pages, one file each, with their shared templates."""
