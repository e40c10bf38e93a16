"""The recipe of the shipped weights: `python -m nlp.train --data DIR` makes them.

Needs the train extra. Nothing here runs in the service.
"""
