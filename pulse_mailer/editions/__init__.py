"""Newsletters and their editions: made, imported, read."""
