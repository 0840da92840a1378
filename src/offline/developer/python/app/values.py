"""Values: their one text form in JSON and in queries, and exact arithmetic with empty ones."""

# @if values.imports_calendar
import calendar
# @end
# @if values.re
import re
# @end
# @if values.abc_names
from collections.abc import {{values.abc_names}}
# @end
# @if values.datetime_names
from datetime import {{values.datetime_names}}
# @end
# @if values.decimal_names
from decimal import {{values.decimal_names}}
# @end
# @if values.Any
from typing import Any
# @end

# @if values.LARGEST
# JSON readers hold whole numbers exactly up to here.
LARGEST = 2**53 - 1


# @end
# @if values.to_json
def to_json(value: Any) -> Any:
    """The JSON form of a value of any attribute."""
    # @if values.show_decimal
    if isinstance(value, Decimal):
        return format(value, "f")
    # @end
    # @if values.show_datetime
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    # @end
    # @if values.show_date
    if isinstance(value, date):
        return value.isoformat()
    # @end
    # @if values.show_time
    if isinstance(value, time):
        return value.strftime("%H:%M")
    # @end
    return value


# @end
# @if values.date_part
def date_part(moment: Any, digits: int) -> Any:
    """The year (4 digits), month (7) or day (10) of a date or instant; None for None."""
    return None if moment is None else to_json(moment)[:digits]


# @end
# @if values.row_to_json
def row_to_json(row: dict[str, Any]) -> dict[str, Any]:
    """The JSON form of a row of values."""
    return {name: to_json(value) for name, value in row.items()}


# @end
# @if values.read_text
def read_text(text: str) -> str:
    """Any text, as it is."""
    return text


# @end
# @if values.read_integer
def read_integer(text: str) -> int:
    """A whole number such as "-12"."""
    if not re.fullmatch("-?[0-9]{1,16}", text) or abs(int(text)) > LARGEST:
        raise ValueError("must be a whole number")
    return int(text)


# @end
# @if values.read_minutes
def read_minutes(text: str) -> int:
    """A length of time in whole minutes."""
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) > 525_600:
        raise ValueError("must be a whole number of minutes")
    return int(text)


# @end
# @if values.read_id
def read_id(text: str) -> int:
    """The id of a row such as "12"."""
    if not re.fullmatch("[1-9][0-9]{0,15}", text) or int(text) > LARGEST:
        raise ValueError("must be the id of a row, a whole number above 0")
    return int(text)


# @end
# @if values.read_boolean
def read_boolean(text: str) -> bool:
    """Either "true" or "false"."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


# @end
# @if values.choice_reader
def choice_reader(*choices: str) -> Callable[[str], str]:
    """A reader of one of the choices."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError("must be one of: " + ", ".join(choices))
        return text

    return read


# @end
# @if values.read_decimal
def read_decimal(text: Any, scale: int) -> Decimal:
    """An exact number such as "-12.50", with at most `scale` digits after the point."""
    if not isinstance(text, str) or not re.fullmatch(_decimal_pattern(scale), text):
        raise ValueError(f"must be a number in quotes with at most {scale} digits after the point")
    return fixed(Decimal(text), scale)


def _decimal_pattern(scale: int) -> str:
    fraction = r"(\.[0-9]{1,%d})?" % scale if scale > 0 else ""
    return "-?[0-9]{1,12}" + fraction


# @end
# @if values.decimal_reader
def decimal_reader(scale: int) -> Callable[[str], Decimal]:
    """A reader of exact numbers with at most `scale` digits after the point."""
    return lambda text: read_decimal(text, scale)


# @end
# @if values.read_date
def read_date(text: Any) -> date:
    """A date such as "2026-01-31"."""
    if not isinstance(text, str) or not re.fullmatch("[12][0-9]{3}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("must be a date such as 2026-01-31")
    return _in_years(date.fromisoformat(text))


# @end
# @if values.read_datetime
def read_datetime(text: Any) -> datetime:
    """An instant in UTC such as "2026-01-31T09:30:00Z"."""
    form = "[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
    if not isinstance(text, str) or not re.fullmatch(form, text):
        raise ValueError("must be an instant in UTC such as 2026-01-31T09:30:00Z")
    return _in_years(datetime.fromisoformat(text))


# @end
# @if values.years
def _in_years(value: Any) -> Any:
    if not 1900 <= value.year <= 2999:
        raise ValueError("must lie between the years 1900 and 2999")
    return value


# @end
# @if values.read_time
def read_time(text: Any) -> time:
    """A time of day such as "09:30"."""
    if not isinstance(text, str) or not re.fullmatch("[0-9]{2}:[0-9]{2}", text):
        raise ValueError("must be a time such as 09:30")
    return time.fromisoformat(text)


# @end
# @if values.fixed
def fixed(value: Any, scale: int) -> Any:
    """The number with exactly `scale` digits after the point, halves rounded away from zero."""
    # @if values.fixed_none
    if value is None:
        return None
    # @end
    # Adding zero turns -0 into 0.
    return Decimal(value).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP) + 0


# @end
# @if values.whole
def whole(value: Any) -> Any:
    """The nearest whole number, halves rounded away from zero."""
    if value is None:
        return None
    return int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP))


# @end
# @if values.scaled
def scaled(value: Any, scale: int) -> int:
    """The number in units of 10**-scale, as the database keeps it."""
    return int(Decimal(value).scaleb(scale))


# @end
# @if values.unscaled
def unscaled(units: int | None, scale: int) -> Decimal:
    """The number that the database keeps in units of 10**-scale; nothing counts as zero."""
    return Decimal(units or 0).scaleb(-scale)


# @end
# @if values.divided
def divided(dividend: Any, divisor: Any, scale: int) -> Any:
    """The quotient, rounded to `scale` digits; None without operands or divided by zero."""
    if dividend is None or divisor is None or divisor == 0:
        return None
    return fixed(Decimal(dividend) / Decimal(divisor), scale)


# @end
# @if values.total
def total(numbers: Iterable[Any]) -> Any:
    """The sum of the numbers that are there."""
    return sum(number for number in numbers if number is not None)


# @end
# @if values.average
def average(numbers: Iterable[Any], scale: int) -> Any:
    """The mean of the numbers that are there, rounded to `scale` digits; None without any."""
    present = [number for number in numbers if number is not None]
    return divided(sum(present), len(present), scale)


# @end
# @if values.unless_null
def unless_null(function: Callable[..., Any], *operands: Any) -> Any:
    """What the function makes of the operands; None as soon as one of them is None."""
    return None if None in operands else function(*operands)


# @end
# @if values.holds
def holds(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """A comparison that is false as soon as one side is None."""
    return left is not None and right is not None and compare(left, right)


# @end
# @if values.largest
def largest(*operands: Any) -> Any:
    """The largest of the operands that are there."""
    return max((one for one in operands if one is not None), default=None)


# @end
# @if values.smallest
def smallest(*operands: Any) -> Any:
    """The smallest of the operands that are there."""
    return min((one for one in operands if one is not None), default=None)


# @end
# @if values.days_between
def days_between(start: date, end: date) -> int:
    """Whole days from the start to the end, negative when the end is earlier."""
    return int(_seconds_between(start, end) / 86_400)


# @end
# @if values.hours_between
def hours_between(start: date, end: date) -> int:
    """Whole hours from the start to the end, negative when the end is earlier."""
    return int(_seconds_between(start, end) / 3600)


# @end
# @if values.seconds_between
def _seconds_between(start: date, end: date) -> float:
    return (_midnight(end) - _midnight(start)).total_seconds()


def _midnight(moment: date) -> datetime:
    """An instant as it is, a date as its first instant."""
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), timezone.utc)


# @end
# @if values.minutes_after
def minutes_after(moment: Any, minutes: int) -> Any:
    """The moment so many minutes later."""
    return moment + timedelta(minutes=minutes)


# @end
# @if values.minutes_before
def minutes_before(moment: Any, minutes: int) -> Any:
    """The moment so many minutes earlier."""
    return moment - timedelta(minutes=minutes)


# @end
# @if values.months_after
def months_after(moment: Any, months: int) -> Any:
    """The same day so many months later, or the last one of a shorter month."""
    index = moment.year * 12 + moment.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return moment.replace(year=year, month=month, day=min(moment.day, last))


# @end
# @if values.months_before
def months_before(moment: Any, months: int) -> Any:
    """The same day so many months earlier, or the last one of a shorter month."""
    return months_after(moment, -months)


# @end
