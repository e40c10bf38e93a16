"""Formulas of PRODUCT.md section 2 as pure functions. No I/O."""
