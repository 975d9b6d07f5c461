"""A document in, a draft out."""

from pulse_mailer.importing.reading import read_document

__all__ = ["read_document"]
