"""Loans: who has which tool, and until when."""

from datetime import timedelta

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from shed.store import Refused, page_of, row_of

MAX_OPEN_LOANS = 3
LOAN_DAYS = 14
routes = APIRouter()


class LoanIn(BaseModel):
    toolId: int


def loan_out(row):
    return {"loanId": row["id"], "toolId": row["tool_id"], "neighbourId": row["neighbour_id"],
            "startDate": row["start_date"], "dueDate": row["due_date"],
            "returnedDate": row["returned_date"]}


def check_on_shelf(db, tool):
    """FR-003: a tool has at most one open loan."""
    if db.execute("SELECT 1 FROM loans WHERE tool_id = ? AND returned_date IS NULL", (tool,)).fetchone():
        raise Refused(409, "tool_on_loan", f"tool {tool} is on loan")


def check_open_loans(db, neighbour):
    """FR-004: a neighbour has at most three open loans."""
    count = db.execute("SELECT count(*) FROM loans WHERE neighbour_id = ? AND returned_date IS NULL",
                       (neighbour,)).fetchone()[0]
    if count > MAX_OPEN_LOANS:
        raise Refused(409, "too_many_loans", f"neighbour {neighbour} has {count} open loans")


@routes.post("/api/neighbours/{neighbourId}/loans", status_code=201)
def lend_tool(neighbourId: int, loan: LoanIn, request: Request):
    with request.app.state.store.transaction() as db:
        row_of(db, "neighbours", "neighbour", neighbourId)
        row_of(db, "tools", "tool", loan.toolId)
        check_on_shelf(db, loan.toolId)
        check_open_loans(db, neighbourId)
        today = request.app.state.today()
        due = today + timedelta(days=LOAN_DAYS)  # FR-005
        made = db.execute(
            "INSERT INTO loans (tool_id, neighbour_id, start_date, due_date) VALUES (?, ?, ?, ?)",
            (loan.toolId, neighbourId, today.isoformat(), due.isoformat()))
        return loan_out(row_of(db, "loans", "loan", made.lastrowid))


@routes.get("/api/loans")
def list_loans(request: Request, limit: int = Query(50, ge=1, le=200), offset: int = Query(0, ge=0)):
    with request.app.state.store.transaction() as db:
        rows, total = page_of(db, "loans", limit, offset)
        return {"items": [loan_out(row) for row in rows], "total": total}


@routes.get("/api/loans/{loanId}")
def show_loan(loanId: int, request: Request):
    with request.app.state.store.transaction() as db:
        return loan_out(row_of(db, "loans", "loan", loanId))


@routes.post("/api/loans/{loanId}/return")
def take_back(loanId: int, request: Request):
    """FR-006: a loan is returned once."""
    with request.app.state.store.transaction() as db:
        if row_of(db, "loans", "loan", loanId)["returned_date"] is not None:
            raise Refused(409, "already_returned", f"loan {loanId} was returned before")
        db.execute("UPDATE loans SET returned_date = ? WHERE id = ?",
                   (request.app.state.today().isoformat(), loanId))
        return loan_out(row_of(db, "loans", "loan", loanId))
