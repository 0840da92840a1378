"""What the services know of the request that they work for."""

from dataclasses import dataclass
# @if today
from datetime import date, datetime
# @else
from datetime import datetime
# @end

from sqlalchemy.orm import Session

# @if actors
from app.security import Actor

# @end

@dataclass(frozen=True)
class Context:
    """One request: its transaction, its instant{{and_actor}}."""

    session: Session
    now: datetime
    # @if actors
    actor: Actor
    # @end
    # @if today

    @property
    def today(self) -> date:
        """The date of the request's instant, in UTC."""
        return self.now.date()

    # @end
