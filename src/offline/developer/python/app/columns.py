"""Column types: how values stand in the database."""

# @if datetime_import
{{datetime_import}}
# @end
# @if fixed
from decimal import Decimal
# @end
from typing import Any

import sqlalchemy as sa

# @if fixed

class FixedPoint(sa.types.TypeDecorator):
    """A Decimal, stored exactly as a whole number of its smallest unit."""

    impl = sa.Integer
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Decimal | int | None, dialect: Any) -> int | None:
        """12.50 becomes 1250."""
        return None if value is None else int(Decimal(value).scaleb(self.scale))

    def process_result_value(self, value: int | None, dialect: Any) -> Decimal | None:
        """1250 becomes 12.50."""
        return None if value is None else Decimal(value).scaleb(-self.scale)

# @end
# @if datetime_column

class UtcDatetime(sa.types.TypeDecorator):
    """An instant in UTC, stored as 2026-01-31T09:30:00Z, which sorts as text."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        """From an aware datetime to text."""
        return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        """From text to an aware datetime."""
        return None if value is None else datetime.fromisoformat(value)

# @end
# @if time_column

class ClockTime(sa.types.TypeDecorator):
    """A time of day, stored as 09:30."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: time | None, dialect: Any) -> str | None:
        """From a time to text."""
        return None if value is None else value.strftime("%H:%M")

    def process_result_value(self, value: str | None, dialect: Any) -> time | None:
        """From text to a time."""
        return None if value is None else time.fromisoformat(value)
# @end
