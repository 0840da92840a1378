"""Refusals, and their one form on the wire: application/problem+json (RFC 9457)."""

import logging
# @if errors.refuse_parameters
from collections.abc import Mapping, Sequence
# @else
from collections.abc import Sequence
# @end
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

logger = logging.getLogger(__name__)


class Problem(Exception):
    """A request that is refused. `rule` names the rule that it breaks, if it is one."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        rule: str | None = None,
        errors: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.rule = rule
        self.errors = errors


# @if errors.not_found
def not_found(what: str, row_id: int) -> Problem:
    """The row that the path names does not exist."""
    return Problem(404, "not_found", f"There is no {what} {row_id}.")


# @end
# @if errors.unknown_reference
def unknown_reference(field: str, what: str, row_id: int) -> Problem:
    """A field refers to a row that does not exist."""
    message = f"There is no {what} {row_id}."
    return Problem(422, "unknown_reference", message, errors=[(field, message)])


# @end
# @if errors.forbidden
def forbidden() -> Problem:
    """The actor is known but may not do this."""
    return Problem(403, "forbidden", "You may not do this.")


# @end
# @if errors.not_unique
def not_unique(field: str, what: str) -> Problem:
    """Another row has these values already."""
    message = f"Another {what} has this value already."
    return Problem(409, "not_unique", message, errors=[(field, message)])


# @end
# @if errors.referenced
def referenced(table: str) -> Problem:
    """A row cannot be deleted while others need it."""
    return Problem(409, "referenced", f"Rows of {table} still refer to it.")


# @end
# @if errors.refuse_parameters
def refuse_parameters(parameters: Mapping[str, str]) -> None:
    """Refuses the query parameters of a request that takes none."""
    errors = [(name, "is not a parameter of this report") for name in parameters]
    if errors:
        raise Problem(422, "invalid", "The request is not valid.", errors=errors)


# @end
# @if errors.out_of_range
def out_of_range(name: str) -> Problem:
    """An effect would leave an attribute empty or outside of its bounds."""
    return Problem(409, "out_of_range", f"This would leave {name} outside of its bounds.")


# @end
def install_handlers(app: FastAPI) -> None:
    """Makes every error answer of the application a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected)


def _respond(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "rule": problem.rule,
        "errors": [{"field": field, "message": message} for field, message in problem.errors],
    }
    return JSONResponse(
        body, problem.status, headers=headers, media_type="application/problem+json"
    )


async def _on_problem(_request: Request, problem: Problem) -> JSONResponse:
    # @if actors
    if problem.status == 401:
        return _respond(problem, {"WWW-Authenticate": "Bearer"})
    # @end
    return _respond(problem)


async def _on_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
    problems = error.errors()
    # A body that is missing altogether is no JSON either.
    if request.headers.get("Content-Length", "0") == "0" and any(
        problem["loc"] == ("body",) for problem in problems
    ):
        return _respond(_invalid_json())
    if any(problem["type"] in ("value_error.jsondecode", "json_invalid") for problem in problems):
        return _respond(_invalid_json())
    messages: dict[str, str] = {}
    for problem in problems:
        message = problem["msg"].removeprefix("Value error, ")
        messages.setdefault(_field_name(problem["loc"]), message)
    return _respond(
        Problem(422, "invalid", "The request is not valid.", errors=list(messages.items()))
    )


async def _on_http_exception(_request: Request, error: HTTPException) -> JSONResponse:
    if error.status_code == 400:  # FastAPI's answer to a body that it cannot read
        return _respond(_invalid_json())
    code = HTTPStatus(error.status_code).name.lower()
    return _respond(Problem(error.status_code, code, str(error.detail)), error.headers)


async def _on_unexpected(_request: Request, error: Exception) -> JSONResponse:
    logger.error("Unexpected failure", exc_info=error)
    return _respond(Problem(500, "internal", "Something went wrong on our side."))


def _invalid_json() -> Problem:
    return Problem(422, "invalid_json", "The body is not valid JSON.")


def _field_name(location: Sequence[Any]) -> str:
    # ("body", "title") is the field title; ("body",) alone is the whole body.
    return str(location[1] if len(location) > 1 else location[0])
