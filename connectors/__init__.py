"""How byname hears and speaks: one contract, one file or folder per platform."""
