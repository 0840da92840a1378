"""The service: create_app() for tests, service() for uvicorn."""

import os
from datetime import date

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from shed import catalogue, loans
from shed.store import Refused, Store


def create_app(path, today=date.today):
    made = FastAPI(title="Tool shed", openapi_url=None)
    made.state.store = Store(path)
    made.state.today = today
    made.include_router(catalogue.routes)
    made.include_router(loans.routes)

    @made.exception_handler(Refused)
    def refused(request, problem):
        return JSONResponse({"code": problem.code, "message": problem.message}, problem.status)

    @made.exception_handler(RequestValidationError)
    def invalid(request, problem):
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return JSONResponse({"code": "invalid", "message": f"{place}: {first['msg']}"}, 422)

    return made


def service():
    return create_app(os.environ.get("SHED_DATABASE", "shed.db"))
