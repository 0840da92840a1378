"""One application for the whole run; every test begins with empty tables at the same instant."""

import os
import shutil
import sqlite3
import tempfile
# @if actors
from datetime import timedelta
# @end
from pathlib import Path

import pytest

from app.config import Settings
from app.main import create_app
# @if actors
from app.security import issue_token
# @end
from tests.factories import Factory
# @if actors
from tests.support import SECRET, START, Api, Client, FixedClock
# @else
from tests.support import Api, Client, FixedClock
# @end


# @if actors
def _issue(role, subject):
    return issue_token(SECRET, role, subject, START + timedelta(days=36500))


# @end
def _memory_folder():
    # Commits wait for the disk; tests need not, where the system offers a folder in memory.
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture(scope="session")
def database():
    """The path of the database file."""
    folder = tempfile.mkdtemp(dir=_memory_folder())
    yield Path(folder) / "test.db"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def fixed_clock():
    """The clock that the application was given."""
    return FixedClock()


@pytest.fixture(scope="session")
def application(database, fixed_clock):
    """The application under test."""
    # @if actors
    settings = Settings(database_path=str(database), secret=SECRET)
    # @else
    settings = Settings(database_path=str(database))
    # @end
    return create_app(settings, fixed_clock)


@pytest.fixture(scope="session")
def client(application):
    """A client for the whole run."""
    caller = Client(application)
    yield caller
    caller.close()


@pytest.fixture(scope="session")
def tables(application, database):
    """The tables that hold data: those that are empty in a new database."""
    with sqlite3.connect(database) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        return [
            name
            for name in names
            if not connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        ]


@pytest.fixture(scope="session")
def connection(database, tables):
    """A connection of the tests' own, to empty the tables."""
    link = sqlite3.connect(database, isolation_level=None)
    yield link
    link.close()


@pytest.fixture
def clock(fixed_clock):
    """The clock, at the instant where every test begins."""
    fixed_clock.reset()
    return fixed_clock


@pytest.fixture
def api(client, connection, tables, clock):
    """The service with empty tables."""
    connection.execute("BEGIN IMMEDIATE")
    for table in tables:
        connection.execute(f'DELETE FROM "{table}"')
    connection.execute("COMMIT")
    # @if actors
    return Api(client, _issue)
    # @else
    return Api(client)
    # @end


@pytest.fixture
def make(api, clock):
    """The factories of test data."""
    return Factory(api, clock)
