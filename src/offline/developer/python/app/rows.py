"""Looking up rows, and what every service does with them in the same way."""

from typing import Any

# @if rows.sa
import sqlalchemy as sa

# @end
# @if rows.uses_fields
from app import errors, fields
# @else
from app import errors
# @end
from app.context import Context


# @if rows.find
def find(ctx: Context, model: Any, row_id: int, what: str) -> Any:
    """The row that a path names."""
    row = ctx.session.get(model, row_id)
    if row is None:
        raise errors.not_found(what, row_id)
    return row


# @end
# @if rows.referred
def referred(ctx: Context, model: Any, row_id: Any, field: str, what: str) -> Any:
    """The row that a field of a body refers to; None when the field is empty or was not sent."""
    # @if rows.uses_fields
    if row_id is None or row_id is fields.UNSET:
    # @else
    if row_id is None:
    # @end
        return None
    row = ctx.session.get(model, row_id)
    if row is None:
        raise errors.unknown_reference(field, what, row_id)
    return row


# @end
# @if rows.patch
def patch(row: Any, data: fields.Input) -> None:
    """Gives a row the values of the fields that were sent."""
    for name, value in data:
        if value is not fields.UNSET:
            setattr(row, name, value)


# @end
# @if rows.is_taken
def is_taken(ctx: Context, row: Any, *names: str) -> bool:
    """Whether another row has the same values under these names, none of them empty."""
    model = type(row)
    own = [getattr(row, name) for name in names]
    if None in own:
        return False
    same = [getattr(model, name) == value for name, value in zip(names, own)]
    if row.id is not None:
        same.append(model.id != row.id)
    return ctx.session.scalar(sa.select(sa.select(model.id).where(*same).exists()))


# @end
# @if rows.require_in_range
def require_in_range(row: Any, name: str, least: Any = None, most: Any = None) -> None:
    """Refuses what an effect has done to an attribute, when it left the attribute's bounds."""
    value = getattr(row, name)
    if value is None:
        return
    if (least is not None and value < least) or (most is not None and value > most):
        raise errors.out_of_range(name)


# @end
# @if rows.require_present
def require_present(row: Any, name: str) -> None:
    """Refuses an effect that would leave a required attribute empty."""
    if getattr(row, name) is None:
        raise errors.out_of_range(name)


# @end
# @if rows.next_id
def next_id(ctx: Context, model: Any) -> int:
    """The id that the next new row will get; certain, since the transaction has the write lock."""
    last = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    return (ctx.session.scalar(last, {"table": model.__tablename__}) or 0) + 1


# @end
