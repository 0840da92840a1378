"""The service as the differential test drives it.

Started with `uvicorn --factory tests.differential_app:create`. The header X-Test-Now sets the
instant of a request; X-Test-Actor ("role" or "role:id") stands for the token of that actor.
"""

import os
import shutil
import tempfile
from contextvars import ContextVar
# @if actors
from datetime import datetime, timedelta
# @else
from datetime import datetime
# @end
from pathlib import Path

from app.config import Settings
from app.main import create_app
# @if actors
from app.security import issue_token
from tests.support import SECRET, START
# @else
from tests.support import START
# @end

NOW = ContextVar("now", default=START)


class HeaderClock:
    """Shows the instant that the request has named."""

    def now(self):
        """The instant of the request at hand."""
        return NOW.get()


class Headers:
    """Reads the two headers and passes the request on."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        instant = headers.pop(b"x-test-now", b"").decode()
        if instant:
            NOW.set(datetime.fromisoformat(instant))
        actor = headers.pop(b"x-test-actor", b"").decode()
        # @if actors
        if actor:
            role, _, subject = actor.partition(":")
            token = issue_token(
                SECRET, role, int(subject) if subject else None, NOW.get() + timedelta(days=1)
            )
            headers[b"authorization"] = f"Bearer {token}".encode()
        # @else
        assert not actor, "this service has no actors"
        # @end
        await self.app({**scope, "headers": list(headers.items())}, receive, send)


class Service:
    """The application with its database, which goes when the service stops."""

    def __init__(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = tempfile.mkdtemp(dir=memory)
        path = str(Path(self.folder) / "differential.db")
        # @if actors
        settings = Settings(database_path=path, secret=SECRET)
        # @else
        settings = Settings(database_path=path)
        # @end
        self.app = Headers(create_app(settings, HeaderClock()))

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)
        if scope["type"] == "lifespan":
            shutil.rmtree(self.folder, ignore_errors=True)


def create():
    """The factory that uvicorn calls."""
    return Service()
