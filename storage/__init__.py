"""What byname remembers: the only floor with SQL."""
