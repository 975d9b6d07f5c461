"""An Edition in, a Rendering out, and from that one Message a recipient. Knows no database and no network."""
