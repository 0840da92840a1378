"""The clock: the only place where the service learns the time. Tests pass their own."""

from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present instant, in UTC and aware of it."""


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """The present instant, in UTC and aware of it."""
        return datetime.now(timezone.utc)
