# @if actors
"""From a request to a transaction: who calls, and may they?"""
# @else
"""From a request to a transaction."""
# @end

# @if actors
from collections.abc import Awaitable, Callable, Iterator
# @else
from collections.abc import Iterator
# @end
from contextlib import contextmanager

from fastapi import Request

# @if actors
from app import permissions
# @end
from app.clock import Clock
from app.context import Context
from app.db import Database
# @if actors
from app.errors import Problem, forbidden
from app.security import Actor, read_token
# @end


class Access:
    """Opens the transaction of one request{{and_for_actor}}."""

    # @if actors
    def __init__(self, database: Database, clock: Clock, actor: Actor) -> None:
    # @else
    def __init__(self, database: Database, clock: Clock) -> None:
    # @end
        self._database = database
        # The interface knows whole seconds only.
        self._now = clock.now().replace(microsecond=0)
        # @if actors
        self._actor = actor
        # @end

    @contextmanager
    def reading(self) -> Iterator[Context]:
        """A consistent view of the data."""
        with self._database.reading() as session:
            # @if actors
            yield Context(session, self._now, self._actor)
            # @else
            yield Context(session, self._now)
            # @end

    @contextmanager
    def writing(self) -> Iterator[Context]:
        """A transaction, committed at the end and rolled back by any exception."""
        with self._database.writing() as session:
            # @if actors
            yield Context(session, self._now, self._actor)
            # @else
            yield Context(session, self._now)
            # @end


# @if actors
def permitted(operation: str) -> Callable[[Request], Awaitable[Access]]:
    """A dependency that lets in only those who may perform the operation."""

    async def check(request: Request) -> Access:
        state = request.app.state
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        actor = read_token(state.settings.secret, token.strip(), state.clock.now())
        if scheme.lower() != "bearer" or actor is None:
            raise Problem(401, "unauthorized", "A valid bearer token is needed.")
        if actor.role not in permissions.ALLOWED[operation]:
            raise forbidden()
        return Access(state.database, state.clock, actor)

    return check
# @else
async def open_access(request: Request) -> Access:
    """The dependency that gives a route its way to the data."""
    return Access(request.app.state.database, request.app.state.clock)
# @end
