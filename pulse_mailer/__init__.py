"""Pulse Mailer: compose a curated edition, send it, and say who got what."""

__version__ = "0.1.0"
