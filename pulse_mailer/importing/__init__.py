"""A document in, a draft out."""
