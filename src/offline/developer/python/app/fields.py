"""The types of input fields: what JSON each accepts and the Python value it becomes.

They are strict: "1" is no integer, and a number is no amount of money (a float would round it).
"""

# @if fields.matching
import re
# @end
from collections.abc import Callable
# @if fields.date_names
from datetime import {{fields.date_names}}
# @end
# @if fields.decimal
from decimal import Decimal
# @end
# @if fields.UNSET
from enum import Enum
# @end
from typing import Any

# @if fields.Nothing
from fastapi import Request
# @end
from pydantic import BaseModel
# @if fields.values

from app import values
# @end
# @if fields.Nothing
from app.errors import Problem
# @end

class Input(BaseModel, extra="forbid"):
    """A request body; fields that it does not name are refused."""

    @classmethod
    def validate(cls, value: Any) -> "Input":
        """Refuses what is no object; pydantic 1 would take a list of pairs for one."""
        if not isinstance(value, (dict, cls)):
            raise TypeError("must be an object")
        return super().validate(value)


# @if fields.Nothing
class Nothing(Input):
    """The body of an operation without inputs: none, or {}."""


async def refuse_null(request: Request) -> None:
    """Refuses the body `null`, which FastAPI would take for none."""
    if (await request.body()).strip() == b"null":
        raise Problem(
            422, "invalid", "The request is not valid.", errors=[("body", "must be an object")]
        )


# @end
# @if fields.UNSET
class Unset(Enum):
    """The value of a field that was not sent, where that differs from null."""

    UNSET = "unset"


UNSET = Unset.UNSET


# @end
def _field(check: Callable[[Any], Any]) -> type:
    """A type whose values are what `check` returns; check raises ValueError to refuse."""

    class Field:
        @classmethod
        def __get_validators__(cls) -> Any:  # pydantic 1
            yield check

        @classmethod
        def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:  # pydantic 2
            from pydantic_core import core_schema

            return core_schema.no_info_plain_validator_function(check)

    return Field


# @if fields.text_check
def _text(value: Any, shortest: int, longest: int) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if not shortest <= len(value) <= longest:
        raise ValueError(f"must have {shortest} to {longest} characters")
    return value


# @end
# @if fields.bounds
def _bounded(value: Any, least: Any, most: Any) -> Any:
    if least is not None and value < least:
        raise ValueError(f"must be at least {values.to_json(least)}")
    if most is not None and value > most:
        raise ValueError(f"must be at most {values.to_json(most)}")
    return value


# @end
# @if fields.step
def _in_steps(value: Any, step: Any, start: Any) -> Any:
    if step is not None and (value - start) % step != 0:
        raise ValueError(f"must lie in steps of {step}, counted from {start}")
    return value


# @end
# @if fields.string
def string(shortest: int = 1, longest: int = 200) -> type:
    """A text that is not blank."""

    def check(value: Any) -> str:
        text = _text(value, shortest, longest)
        if not text.strip():
            raise ValueError("must not be blank")
        return text

    return _field(check)


# @end
# @if fields.matching
def matching(pattern: str, hint: str, shortest: int = 1, longest: int = 200) -> type:
    """A text of a certain form, which `hint` says in words."""
    expression = re.compile(pattern, re.ASCII)

    def check(value: Any) -> str:
        text = _text(value, shortest, longest)
        if not expression.{{match_method}}(text):
            raise ValueError(hint)
        return text

    return _field(check)


# @end
# @if fields.enum
def enum(*choices: str) -> type:
    """One of the choices."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError("must be one of: " + ", ".join(choices))
        return value

    return _field(check)


# @end
# @if fields.boolean
def boolean() -> type:
    """true or false."""

    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value

    return _field(check)


# @end
# @if fields.integer
# @if fields.integer_step
def integer(
    least: int = -values.LARGEST, most: int = values.LARGEST, step: int | None = None, start: int = 0
) -> type:
    """A whole number between two bounds that belong to the range, in steps from `start`."""
# @else
def integer(least: int = -values.LARGEST, most: int = values.LARGEST) -> type:
    """A whole number between two bounds that belong to the range."""
# @end

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("must be a whole number")
        # @if fields.integer_step
        return _in_steps(_bounded(value, least, most), step, start)
        # @else
        return _bounded(value, least, most)
        # @end

    return _field(check)


# @end
# @if fields.decimal
# @if fields.decimal_step
def decimal(
    scale: int,
    least: Decimal | None = None,
    most: Decimal | None = None,
    step: Decimal | None = None,
    start: Decimal = Decimal(0),
) -> type:
    """An exact number, sent as a text with at most `scale` digits after the point."""
# @else
def decimal(scale: int, least: Decimal | None = None, most: Decimal | None = None) -> type:
    """An exact number, sent as a text with at most `scale` digits after the point."""
# @end

    def check(value: Any) -> Decimal:
        number = values.read_decimal(value, scale)
        # @if fields.decimal_step
        return _in_steps(_bounded(number, least, most), step, start)
        # @else
        return _bounded(number, least, most)
        # @end

    return _field(check)


# @end
# @if fields.day
# @if fields.day_bounds
def day(least: date | None = None, most: date | None = None) -> type:
    """A date such as "2026-01-31"."""
    return _field(lambda value: _bounded(values.read_date(value), least, most))
# @else
def day() -> type:
    """A date such as "2026-01-31"."""
    return _field(values.read_date)
# @end


# @end
# @if fields.clock_time
# @if fields.clock_time_bounds
def clock_time(least: time | None = None, most: time | None = None) -> type:
    """A time of day such as "09:30"."""
    return _field(lambda value: _bounded(values.read_time(value), least, most))
# @else
def clock_time() -> type:
    """A time of day such as "09:30"."""
    return _field(values.read_time)
# @end


# @end
# @if fields.instant
# @if fields.instant_bounds
def instant(least: datetime | None = None, most: datetime | None = None) -> type:
    """An instant in UTC such as "2026-01-31T09:30:00Z"."""
    return _field(lambda value: _bounded(values.read_datetime(value), least, most))
# @else
def instant() -> type:
    """An instant in UTC such as "2026-01-31T09:30:00Z"."""
    return _field(values.read_datetime)
# @end


# @end
# @if fields.row_id
def row_id() -> type:
    """The id of a row, as a field of a body."""

    def check(value: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not 1 <= value <= values.LARGEST:
            raise ValueError("must be the id of a row, a whole number above 0")
        return value

    return _field(check)


# @end
# @if fields.path_id
def path_id() -> type:
    """The id of a row, as a part of a path."""
    return _field(values.read_id)


# @end
