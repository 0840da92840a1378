"""Lists: paging, sorting, filtering and searching, the same for every kind of row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.context import Context
from app.errors import Problem

LIMIT = 50
LIMIT_MAX = 100


@dataclass(frozen=True)
class Listing:
    """What a list can do: filters with the readers of their values, sort fields, search columns."""

    model: Any
    filters: Mapping[str, tuple[Any, Callable[[str], Any]]]
    sorts: Mapping[str, Any]
    search: Sequence[Any] = ()


@dataclass
class Query:
    """What a request asks of a list."""

    limit: int = LIMIT
    offset: int = 0
    order: list[Any] = field(default_factory=list)
    conditions: list[Any] = field(default_factory=list)


def read_query(listing: Listing, parameters: Mapping[str, str]) -> Query:
    """The query that the parameters of a request describe; refuses what is wrong or unknown."""
    query = Query(order=[listing.model.id])
    errors = []
    for name, text in parameters.items():
        try:
            _read_parameter(listing, query, name, text)
        except ValueError as error:
            errors.append((name, str(error)))
    if errors:
        raise Problem(422, "invalid", "The request is not valid.", errors=errors)
    return query


def _read_parameter(listing: Listing, query: Query, name: str, text: str) -> None:
    if name == "limit":
        query.limit = _read_count(text, 1, LIMIT_MAX)
    elif name == "offset":
        query.offset = _read_count(text, 0, 999_999_999)
    elif name == "sort":
        column = listing.sorts.get(text.removeprefix("-"))
        if column is None:
            raise ValueError("must be one of: " + ", ".join(listing.sorts))
        query.order = [column.desc() if text.startswith("-") else column, listing.model.id]
    elif name == "q" and listing.search:
        if not 1 <= len(text) <= 200:
            raise ValueError("must have 1 to 200 characters")
        part = sa.func.lower(text)
        query.conditions.append(
            sa.or_(*(sa.func.instr(sa.func.lower(column), part) > 0 for column in listing.search))
        )
    elif name in listing.filters:
        column, read = listing.filters[name]
        query.conditions.append(column == read(text))
    else:
        raise ValueError("is not a parameter of this list")


def _read_count(text: str, least: int, most: int) -> int:
    plain = text.isascii() and text.isdecimal() and len(text) <= 9
    if not plain or not least <= int(text) <= most:
        raise ValueError(f"must be from {least} to {most}")
    return int(text)


def find(
    ctx: Context, listing: Listing, query: Query, visible: Sequence[Any] = ()
) -> tuple[list[Any], int]:
    """One page of the rows, and how many there are in all."""
    conditions = [*query.conditions, *visible]
    rows = sa.select(listing.model).where(*conditions).order_by(*query.order)
    count = sa.select(sa.func.count()).select_from(listing.model).where(*conditions)
    page = rows.limit(query.limit).offset(query.offset)
    return list(ctx.session.scalars(page)), ctx.session.scalar(count)


def page(items: list[dict[str, Any]], total: int, query: Query) -> dict[str, Any]:
    """The answer to a list request."""
    return {"items": items, "total": total, "limit": query.limit, "offset": query.offset}
