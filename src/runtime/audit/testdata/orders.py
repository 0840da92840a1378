"""Orders over HTTP with nothing but the standard library: camelCase, UUIDs, wrapped rows, states
in capitals, changes of state by PATCH, 400 for whatever is refused."""

import json
import os
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULT = ""
CUSTOMERS, ORDERS = {}, {}
MOVES = {"DRAFT": ["PLACED", "CANCELLED"], "PLACED": ["SHIPPED"], "SHIPPED": [], "CANCELLED": []}


class Refused(Exception):
    """What the rules forbid."""


def shown(order):
    total = round(order["qty"] * order["unitPrice"], 2)
    if FAULT == "total":
        total = round(order["qty"] + order["unitPrice"], 2)
    if FAULT == "total_stale":
        total = order.setdefault("cached", total)
    return {**{k: v for k, v in order.items() if k != "cached"}, "totalAmount": total}


def check_order(body, order):
    quantity = body.get("qty", order.get("qty"))
    low, high = 1, 50
    if FAULT == "range_low":
        low = 0
    if FAULT == "range_high":
        high = 60
    if FAULT == "range_tight":
        high = 49
    if not isinstance(quantity, int) or not low <= quantity <= high:
        raise Refused("quantity")
    price = body.get("unitPrice", order.get("unitPrice"))
    if not isinstance(price, (int, float)):
        raise Refused("price")
    if FAULT == "free_positive" and price <= 0:
        raise Refused("for nothing")
    if body.get("customerId", order.get("customerId")) not in CUSTOMERS:
        raise Refused("customer")


def check_limit(customer, own):
    limit = 4 if FAULT == "limit_off_by_one" else 3
    drafts = [o for o in ORDERS.values() if o["customerId"] == customer and o["id"] != own
              and (o["state"] == "DRAFT" or FAULT == "limit_counts_all")]
    if len(drafts) >= limit and FAULT != "limit":
        raise Refused("too many drafts")


def create_customer(body):
    if not body.get("fullName") or "@" not in body.get("email", ""):
        raise Refused("name and email")
    if FAULT != "unique" and any(c["email"] == body["email"] for c in CUSTOMERS.values()):
        raise Refused("email is taken")
    customer = {"id": str(uuid.uuid4()), "fullName": body["fullName"], "email": body["email"]}
    CUSTOMERS[customer["id"]] = customer
    return 201, customer


def create_order(body):
    check_order(body, {})
    check_limit(body["customerId"], None)
    order = {"id": str(uuid.uuid4()), "customerId": body["customerId"], "qty": body["qty"],
             "unitPrice": body["unitPrice"], "state": "DRAFT"}
    if FAULT == "wrong_owner":
        order["customerId"] = next(iter(CUSTOMERS))
    ORDERS[order["id"]] = order
    return 201, shown(order)


def change_order(order, body):
    state = body.get("state")
    if state is not None:
        moves = MOVES[order["state"]]
        if FAULT == "skip_place" and order["state"] == "DRAFT":
            moves = moves + ["SHIPPED"]
        if FAULT == "cancel_placed" and order["state"] == "PLACED":
            moves = moves + ["CANCELLED"]
        if FAULT == "cancel_fails" and state == "CANCELLED":
            raise RuntimeError("boom")
        if state not in moves:
            raise Refused("no such move")
    changed = {k: v for k, v in body.items() if k in ("qty", "unitPrice", "customerId", "state")}
    if FAULT == "refusal_writes":
        order.update(changed)
    check_order(body, order)
    if (state or order["state"]) == "DRAFT":
        check_limit(body.get("customerId", order["customerId"]), order["id"])
    if FAULT == "lost_update" and state is None:
        return 200, shown({**order, **changed})
    order.update(changed)
    return 200, shown(order)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_request(self):
        length = int(self.headers.get("Content-Length", 0))
        raw = self.rfile.read(length)
        parts = self.path.strip("/").split("/")[1:]
        try:
            body = json.loads(raw) if raw else {}
            status, row = self.route(parts, body)
            self.reply(status, None if row is None else {"data": row})
        except Refused as refused:
            status = 200 if FAULT == "refusal_is_200" else 400
            self.reply(status, {"error": str(refused)})
        except KeyError:
            self.reply(404, {"error": "not found"})
        except (ValueError, TypeError):
            self.reply(400, {"error": "malformed"})
        except RuntimeError as error:
            self.reply(500, {"error": str(error)})

    def route(self, parts, body):
        table = {"customers": CUSTOMERS, "orders": ORDERS}[parts[0]]
        show = shown if parts[0] == "orders" else dict
        if len(parts) == 1:
            if self.command == "POST":
                return create_order(body) if parts[0] == "orders" else create_customer(body)
            rows = list(table.values())
            if FAULT == "list_short":
                rows = rows[:-1]
            return 200, {"results": [show(row) for row in rows]}
        row = table[parts[1]]
        if self.command == "GET":
            if FAULT == "forgets" and parts[0] == "customers":
                raise KeyError
            return 200, show(row)
        if self.command == "DELETE":
            if parts[0] == "customers" and any(o["customerId"] == row["id"]
                                               for o in ORDERS.values()):
                raise Refused("has orders")
            del table[parts[1]]
            return 204, None
        if parts[0] == "orders":
            return change_order(row, body)
        if FAULT != "unique" and any(c["email"] == body.get("email") and c is not row
                                     for c in CUSTOMERS.values()):
            raise Refused("email is taken")
        row.update({k: v for k, v in body.items() if k in ("fullName", "email")})
        return 200, row

    do_GET = do_POST = do_PATCH = do_DELETE = handle_request


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
