"""The web app: what recipients reach, and what staff see once they have signed in."""
