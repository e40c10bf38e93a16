"""How byname understands: text in, tags and vectors out. No network, no database."""
