"""Deleting rows: what goes along, what is cleared, and what forbids it."""

from typing import Any

# @if removal.references
import sqlalchemy as sa
# @end
from sqlalchemy.orm import Session

# @if removal.references
# @if errors.referenced
from app import errors, models
# @else
from app import models
# @end

{{references}}
# @end

# @if removal.references
def remove(session: Session, *rows: Any) -> None:
    """Deletes rows and what belongs to them.

    What goes together does not hold itself back; any other row that needs one of them forbids
    the whole.
    """
    doomed: dict[tuple[Any, int], None] = {}
    waiting = [*rows]
    while waiting:
        one = waiting.pop()
        if (type(one), one.id) in doomed:
            continue
        doomed[type(one), one.id] = None
        for table, column, action in REFERENCES.get(type(one), []):
            if action == "cascade":
                waiting.extend(session.scalars(sa.select(table).where(column == one.id)))
    # @if removal.holders
    for model, row_id in doomed:
        for table, column, action in REFERENCES.get(model, []):
            for holder in session.scalars(sa.select(table).where(column == row_id)):
                if (table, holder.id) in doomed:
                    continue
                # @if errors.referenced
                # @if removal.clear
                if action == "restrict":
                    raise errors.referenced(table.__tablename__)
                setattr(holder, column.key, None)
                # @else
                raise errors.referenced(table.__tablename__)
                # @end
                # @else
                setattr(holder, column.key, None)
                # @end
    # @end
    session.flush()
    for model, row_id in reversed(doomed):
        session.execute(sa.delete(model).where(model.id == row_id))
# @else
def remove(session: Session, *rows: Any) -> None:
    """Deletes rows; no other rows refer to them."""
    for row in rows:
        session.delete(row)
    session.flush()
# @end
