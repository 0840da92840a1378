"""Tools and neighbours: what is lent, and to whom."""

import sqlite3

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from shed.store import Refused, page_of, row_of

routes = APIRouter()


class ToolIn(BaseModel):
    label: str = Field(min_length=1, max_length=200)
    shelf: str = Field(min_length=1, max_length=200)
    inventoryNumber: str = Field(min_length=1, max_length=200)


class NeighbourIn(BaseModel):
    fullName: str = Field(min_length=1, max_length=200)
    email: str = Field(regex=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=200)


def tool_out(row):
    return {"toolId": row["id"], "label": row["label"], "shelf": row["shelf"],
            "inventoryNumber": row["inventory_number"]}


def neighbour_out(row):
    return {"neighbourId": row["id"], "fullName": row["full_name"], "email": row["email"]}


def write_tool(db, statement, values):
    try:  # FR-001: an inventory number is given once; the schema knows it
        return db.execute(statement, values)
    except sqlite3.IntegrityError:
        raise Refused(409, "inventory_number_taken", "another tool has this inventory number")


@routes.post("/api/tools", status_code=201)
def add_tool(tool: ToolIn, request: Request):
    with request.app.state.store.transaction() as db:
        made = write_tool(db, "INSERT INTO tools (label, shelf, inventory_number) VALUES (?, ?, ?)",
                          (tool.label, tool.shelf, tool.inventoryNumber))
        return tool_out(row_of(db, "tools", "tool", made.lastrowid))


@routes.get("/api/tools")
def list_tools(request: Request, limit: int = Query(50, ge=1, le=200), offset: int = Query(0, ge=0)):
    with request.app.state.store.transaction() as db:
        rows, total = page_of(db, "tools", limit, offset)
        return {"items": [tool_out(row) for row in rows], "total": total}


@routes.get("/api/tools/{toolId}")
def show_tool(toolId: int, request: Request):
    with request.app.state.store.transaction() as db:
        return tool_out(row_of(db, "tools", "tool", toolId))


@routes.put("/api/tools/{toolId}")
def change_tool(toolId: int, tool: ToolIn, request: Request):
    with request.app.state.store.transaction() as db:
        row_of(db, "tools", "tool", toolId)
        write_tool(db, "UPDATE tools SET label = ?, shelf = ?, inventory_number = ? WHERE id = ?",
                   (tool.label, tool.shelf, tool.inventoryNumber, toolId))
        return tool_out(row_of(db, "tools", "tool", toolId))


@routes.post("/api/neighbours", status_code=201)
def add_neighbour(neighbour: NeighbourIn, request: Request):
    with request.app.state.store.transaction() as db:
        made = db.execute("INSERT INTO neighbours (full_name, email) VALUES (?, ?)",
                          (neighbour.fullName, neighbour.email))
        return neighbour_out(row_of(db, "neighbours", "neighbour", made.lastrowid))


@routes.get("/api/neighbours")
def list_neighbours(request: Request, limit: int = Query(50, ge=1, le=200),
                    offset: int = Query(0, ge=0)):
    with request.app.state.store.transaction() as db:
        rows, total = page_of(db, "neighbours", limit, offset)
        return {"items": [neighbour_out(row) for row in rows], "total": total}


@routes.get("/api/neighbours/{neighbourId}")
def show_neighbour(neighbourId: int, request: Request):
    with request.app.state.store.transaction() as db:
        return neighbour_out(row_of(db, "neighbours", "neighbour", neighbourId))
