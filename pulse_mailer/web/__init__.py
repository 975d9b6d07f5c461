"""The web app: what recipients reach from anywhere, and what staff see on this machine."""
