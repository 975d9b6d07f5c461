"""The ledger: who gets an edition, when, and what came of it."""
