"""A lending library as a FastAPI service: books are addressed by ISBN, loans are borrowings of a
member, snake_case, FastAPI's own 422."""

import os
import sys
import time
from datetime import date, timedelta

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

FAULT = ""
app = FastAPI(openapi_url=None)
BOOKS, MEMBERS, BORROWINGS = {}, [], []
SEEN = [0]


class BookIn(BaseModel):
    name: str
    isbn: str
    copy_count: int


class MemberIn(BaseModel):
    name: str
    mail: str
    language: str


class BorrowIn(BaseModel):
    isbn: str


@app.middleware("http")
async def count(request, call_next):
    SEEN[0] += 1
    if FAULT == "dies" and SEEN[0] > 3:
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(3)
    return await call_next(request)


def find(rows, number):
    if not 1 <= number <= len(rows):
        raise HTTPException(404, "not found")
    return rows[number - 1]


@app.post("/v1/books", status_code=201)
def register_book(book: BookIn):
    digits = [int(c) for c in book.isbn if c.isdigit()]
    if FAULT == "free_isbn" and (len(digits) != 13 or
                                 sum(digits[::2]) + 3 * sum(digits[1::2]) % 10 != 0):
        raise HTTPException(422, "no ISBN")
    if book.isbn in BOOKS and FAULT != "isbn":
        raise HTTPException(409, "known already")
    BOOKS[book.isbn] = book
    if FAULT == "copies":
        book.copy_count = 1
    return book


@app.get("/v1/books")
def browse():
    return list(BOOKS.values())


@app.get("/v1/books/{isbn}")
def show_book(isbn: str):
    if isbn not in BOOKS:
        raise HTTPException(404, "not found")
    return BOOKS[isbn]


@app.put("/v1/books/{isbn}")
def replace_book(isbn: str, book: BookIn):
    if isbn not in BOOKS:
        raise HTTPException(404, "not found")
    if book.isbn != isbn:
        if book.isbn in BOOKS and FAULT != "isbn":
            raise HTTPException(409, "known already")
        for one in BORROWINGS:
            one["isbn"] = book.isbn if one["isbn"] == isbn else one["isbn"]
    del BOOKS[isbn]
    BOOKS[book.isbn] = book
    return book


@app.post("/v1/members", status_code=201)
def join(member: MemberIn):
    row = {"member_id": len(MEMBERS) + 1, **member.dict()}
    if FAULT == "mail_lost":
        row["mail"] = "nobody@example.org"
    MEMBERS.append(row)
    return row


@app.get("/v1/members")
def all_members():
    return MEMBERS


@app.get("/v1/members/{member_id}")
def show_member(member_id: int):
    return find(MEMBERS, member_id)


@app.post("/v1/members/{member_id}/borrowings", status_code=201)
def borrow(member_id: int, body: BorrowIn):
    find(MEMBERS, member_id)
    if body.isbn not in BOOKS:
        raise HTTPException(404, "no such book")
    own = [b for b in BORROWINGS if b["member_id"] == member_id
           and (b["returned_at"] is None or FAULT == "counts_returned")]
    if len(own) >= (3 if FAULT == "limit" else 2):
        raise HTTPException(409, "two are enough")
    out = [b for b in BORROWINGS if b["isbn"] == body.isbn and b["returned_at"] is None]
    if len(out) >= BOOKS[body.isbn].copy_count:
        raise HTTPException(409, "all copies are out")
    days = 30 if FAULT == "due" else 14
    row = {"id": len(BORROWINGS) + 1, "member_id": member_id, "isbn": body.isbn,
           "borrowed_at": date.today().isoformat(), "returned_at": None, "renewal_count": 0,
           "due_date": (date.today() + timedelta(days=days)).isoformat()}
    BORROWINGS.append(row)
    return row


@app.get("/v1/borrowings/{borrowing_id}")
def show_borrowing(borrowing_id: int):
    return find(BORROWINGS, borrowing_id)


@app.post("/v1/borrowings/{borrowing_id}/return")
def give_back(borrowing_id: int):
    row = find(BORROWINGS, borrowing_id)
    if row["returned_at"]:
        raise HTTPException(409, "is back")
    if FAULT == "return_fails":
        raise RuntimeError("boom")
    if FAULT != "return_forgotten":
        row["returned_at"] = date.today().isoformat()
    return {**row, "returned_at": date.today().isoformat()}


@app.post("/v1/borrowings/{borrowing_id}/renewals")
def extend(borrowing_id: int):
    row = find(BORROWINGS, borrowing_id)
    if FAULT == "hangs":
        time.sleep(3600)
    if FAULT == "floods":
        return PlainTextResponse("x" * 50_000_000)
    if row["returned_at"] or (row["renewal_count"] >= 1 and FAULT != "renews_forever"):
        raise HTTPException(409, "not again")
    row["renewal_count"] += 1
    row["due_date"] = (date.fromisoformat(row["due_date"]) + timedelta(days=14)).isoformat()
    return row


if __name__ == "__main__":
    if FAULT == "deaf":
        time.sleep(3600)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
