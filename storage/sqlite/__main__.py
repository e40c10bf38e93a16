"""Prints the schema that all migrations build; storage/sqlite/schema.sql holds what it prints."""

import sqlite3
import sys

from storage.sqlite.migrations import dump, migrate

connection = sqlite3.connect(":memory:")
migrate(connection)
sys.stdout.write(dump(connection))
