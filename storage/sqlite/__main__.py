"""Prints the schema that all migrations build: python -m storage.sqlite > storage/sqlite/schema.sql."""

import sqlite3
import sys

from storage.sqlite.migrations import dump, migrate

connection = sqlite3.connect(":memory:")
migrate(connection)
sys.stdout.write(dump(connection))
