"""The nouns of the trade: no network, no query, no template."""
