"""Puts the service together. Run it with `uvicorn --factory app.main:create_app`."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI

{{import_routers}}
from app.clock import Clock, SystemClock
from app.config import Settings
from app.db import Database
from app.errors import install_handlers

OPENAPI = Path(__file__).resolve().parent.parent / "openapi.json"


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """The application; without arguments it is configured by the environment."""
    settings = settings or Settings.from_env()
    app = FastAPI(title={{title}})
    app.state.database = Database(settings.database_path)
    app.state.database.migrate()
    app.state.clock = clock or SystemClock()
    # @if actors
    app.state.settings = settings
    # @end
    install_handlers(app)
    {{include_routers}}
        app.include_router(module.router)
    app.openapi = _contract
    return app


def _contract() -> dict[str, Any]:
    """The interface's contract, which /openapi.json and /docs show, is a file of its own."""
    return json.loads(OPENAPI.read_text(encoding="utf-8"))
