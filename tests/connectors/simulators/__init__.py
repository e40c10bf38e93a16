"""Platforms in miniature: stateful servers on the loopback with scripted faults.

What they answer is checked against recorded answers and schemas, so that they cannot drift into
fiction.
"""
