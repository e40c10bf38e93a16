"""Formulas: numbers in, numbers out. No clock, no store, no words for a reader.

Each function names where its formula comes from; each has a test with a known answer.
"""
