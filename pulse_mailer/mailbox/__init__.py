"""The built-in catcher: a real SMTP server on this machine that keeps what it gets."""
