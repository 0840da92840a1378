"""The database: one SQLite file, its migrations, and the unit of work."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
# How long a transaction waits for the write lock before it gives up.
BUSY_SECONDS = 30


class Database:
    """One SQLite file. Threads may share it: each unit of work has a connection of its own."""

    def __init__(self, path: str) -> None:
        self._path = path
        engine = sa.create_engine(
            sa.engine.URL.create("sqlite", database=path),
            connect_args={"timeout": BUSY_SECONDS},
            poolclass=NullPool,
            future=True,
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        self._readers = engine
        self._writers = engine.execution_options(write_lock=True)

    def migrate(self) -> None:
        """Applies the files in migrations/ that this database has not seen yet, in their order."""
        with closing(
            sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS {{migrations_table}} (version TEXT PRIMARY KEY)"
            )
            seen = {row[0] for row in connection.execute("SELECT version FROM {{migrations_table}}")}
            for script in sorted(MIGRATIONS.glob("*.sql")):
                if script.name in seen:
                    continue
                for statement in _statements(script.read_text(encoding="utf-8")):
                    connection.execute(statement)
                connection.execute("INSERT INTO {{migrations_table}} VALUES (?)", (script.name,))
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[orm.Session]:
        """One consistent view of the data."""
        with orm.Session(self._readers, autoflush=False, future=True) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[orm.Session]:
        """One transaction: committed at the end, rolled back by any exception.

        It holds the write lock from its start, so that what a rule has counted stays true until
        the commit.
        """
        with orm.Session(self._writers, autoflush=False, future=True) as session:
            with session.begin():
                yield session


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver would begin transactions late and without the write lock; _begin does it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: sa.engine.Connection) -> None:
    locked = connection.get_execution_options().get("write_lock", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if locked else "BEGIN")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
