"""The JSON API: the verbs of the commands for programs, which sign in with a key; `document.py` puts it together."""
