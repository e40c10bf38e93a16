"""The Store on SQLite: one writer thread with group commit, readers that only read."""
