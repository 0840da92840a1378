"""The tables, and one transaction for each request."""

import sqlite3
from contextlib import contextmanager

SCHEMA = """
CREATE TABLE IF NOT EXISTS tools (
  id INTEGER PRIMARY KEY,
  label TEXT NOT NULL,
  shelf TEXT NOT NULL,
  inventory_number TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS neighbours (
  id INTEGER PRIMARY KEY,
  full_name TEXT NOT NULL,
  email TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS loans (
  id INTEGER PRIMARY KEY,
  tool_id INTEGER NOT NULL REFERENCES tools (id),
  neighbour_id INTEGER NOT NULL REFERENCES neighbours (id),
  start_date TEXT NOT NULL,
  due_date TEXT NOT NULL,
  returned_date TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS one_loan_of_a_tool ON loans (tool_id) WHERE returned_date IS NULL;
"""


class Refused(Exception):
    """What a request asks for and may not have."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Store:
    def __init__(self, path):
        self.path = str(path)
        with self.transaction() as db:
            for statement in SCHEMA.split(";"):
                db.execute(statement)

    @contextmanager
    def transaction(self):
        """Everything within happens or nothing; writers wait for each other."""
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()


def page_of(db, table, limit, offset):
    """A page of a table with the number of all its rows."""
    rows = db.execute(f"SELECT * FROM {table} ORDER BY id LIMIT ? OFFSET ?", (limit, offset))
    total = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return rows.fetchall(), total


def row_of(db, table, what, number):
    """A row by its id, or the refusal that names it."""
    row = db.execute(f"SELECT * FROM {table} WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise Refused(404, f"{what}_not_found", f"there is no {what} {number}")
    return row
