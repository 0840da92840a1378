"""What FAULT names is wrong in it, or, with "free_", only otherwise than others would have it.

Tasks over HTTP as another designer likes it: ids with a prefix, lists in pages with the newest
first, a task shows its project as an object, fields and paths that nobody asked for, 200 for what
is made, 409 and 422 for what is refused, states changed at a path of their own."""

import json
import os
import sys
import time
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qs, urlsplit

FAULT = ""
PROJECTS, TASKS, NUMBERS = {}, {}, count(1)
MOVES = {"TODO": ["DOING"], "DOING": ["DONE"], "DONE": ["TODO"]}
DOING = "DOING"


class Refused(Exception):
    """A status and why."""


def shown_project(row):
    tasks = [t for t in TASKS.values() if t["project"] == row["id"]]
    return {**row, "taskTotal": len(tasks), "links": {"self": "/projects/" + row["id"]}}


def shown_task(row):
    project = PROJECTS[row["project"]]
    if FAULT == "free_bare":
        return {**row, "status": row["status"].lower()}
    return {**{k: v for k, v in row.items() if k != "project"}, "archived": False,
            "project": {"id": project["id"], "name": project["name"]}}


def day(text):
    if not isinstance(text, str):
        raise Refused(422, "a date")
    return date.fromisoformat(text)


def check_task(row):
    if FAULT == "crash" and len(row.get("title") or "") > 7:
        os._exit(4)
    if not isinstance(row.get("title"), str) or not row["title"].strip():
        if FAULT == "required_500":
            raise RuntimeError(row["title"].strip())
        if FAULT != "required":
            raise Refused(422, "a title")
    if FAULT == "hang" and row["priority"] == "high":
        time.sleep(3600)
    if row["priority"] not in ("low", "medium", "high") and FAULT != "enum":
        raise Refused(422, "a priority")
    start, due = day(row["startDate"]), day(row["dueDate"])
    if FAULT == "dates_equal":
        wrong = due < start
    elif FAULT == "dates_as_text":
        wrong = row["dueDate"][8:] <= row["startDate"][8:]
    elif FAULT == "dates_backwards":
        wrong = due >= start
    else:
        wrong = due <= start
    if wrong and FAULT != "dates":
        raise Refused(422, "the due date is not after the start date")


def unfinished(project):
    return [t for t in TASKS.values() if t["project"] == project and
            (t["status"] != "DONE" or FAULT == "limit_counts_done")]


def create_project(body):
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise Refused(422, "a name")
    if any(p["name"] == name for p in PROJECTS.values()) and FAULT != "unique":
        raise Refused(409, "there is one of that name")
    row = {"id": f"prj_{next(NUMBERS):05}", "name": name}
    PROJECTS[row["id"]] = row
    return row


def create_task(body):
    project = body.get("projectId")
    if project not in PROJECTS:
        if FAULT != "stranger" or not PROJECTS:
            raise Refused(422, "no such project")
        project = list(PROJECTS)[-1]
    row = {"id": f"tsk_{next(NUMBERS):05}", "title": body.get("title"), "project": project,
           "priority": body.get("priority", "low" if FAULT == "default" else "medium"),
           "startDate": body.get("startDate"), "dueDate": body.get("dueDate"),
           "status": DOING if FAULT == "begins_doing" else "TODO", "createdAt": time.time()}
    check_task(row)
    limit = {"limit_high": 5, "limit_low": 3}.get(FAULT, 4)
    if len(unfinished(project)) >= limit and FAULT != "limit":
        raise Refused(409, "too many open tasks")
    TASKS[row["id"]] = row
    return row


def change_task(row, body):
    if FAULT == "free_done_fixed" and row["status"] != "TODO":
        raise Refused(409, "it has begun")
    others = [task for task in unfinished(row["project"]) if task is not row]
    if FAULT == "free_full" and len(others) >= 4:
        raise Refused(409, "too many open tasks")
    changed = {k: v for k, v in body.items() if k in ("title", "priority", "startDate", "dueDate")}
    if FAULT != "update_unchecked":
        check_task({**row, **changed})
    if FAULT != "update_ignored":
        row.update(changed)
    return row


def move_task(row, body):
    wanted = body.get("status")
    moves = MOVES[row["status"]]
    if FAULT == "skip_doing" and row["status"] == "TODO":
        moves = moves + ["DONE"]
    if FAULT == "reopen_todo" and row["status"] == DOING:
        moves = moves + ["TODO"]
    if FAULT == "free_reopen_doing" and row["status"] == "DONE" and wanted == "TODO":
        wanted, moves = DOING, [DOING]
    if FAULT == "free_reopen_full" and row["status"] == "DONE":
        if len(unfinished(row["project"])) >= 4:
            raise Refused(409, "too many open tasks")
    if wanted not in moves:
        raise Refused(409, "no such move")
    if FAULT == "move_lost":
        return {**row, "status": wanted}
    if FAULT == "move_wrong" and wanted == "DONE":
        wanted = "TODO"
    row["status"] = wanted
    return row


def delete(table, row):
    if table is PROJECTS:
        own = [t["id"] for t in TASKS.values() if t["project"] == row["id"]]
        if unfinished(row["id"]) and FAULT != "delete_busy":
            raise Refused(409, "it has tasks that are not done")
        if own and FAULT == "free_delete":
            raise Refused(409, "it has tasks")
        for task in own:
            del TASKS[task]
    if FAULT != "delete_keeps":
        del table[row["id"]]


def listed(table, query):
    rows = sorted(table.values(), key=lambda row: row["id"], reverse=True)
    if "priority" in query and FAULT != "filter_ignored":
        rows = [r for r in rows if r["priority"] == query["priority"]]
    if "priority" in query and FAULT == "filter_empty":
        rows = []
    if "search" in query and FAULT != "search_ignored":
        rows = [r for r in rows if query["search"].lower() in r["title"].lower()]
    if FAULT == "list_short":
        rows = rows[1:]
    first, most = int(query.get("offset", 0)), int(query.get("limit", 3 if FAULT == "free_pages" else 20))
    show = shown_task if table is TASKS else shown_project
    if FAULT == "free_bare":
        return [show(row) for row in rows[first:first + most]]
    return {"items": [show(row) for row in rows[first:first + most]], "total": len(rows)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body):
        if FAULT == "free_codes":
            status = 400 if status > 400 else 201 if self.command == "POST" else status
        if FAULT == "free_wrapped" and status < 400 and body is not None:
            body = {"success": True, "message": "done", "data": body}
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_request(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(raw) if raw else {}
            self.reply(*self.route(body))
        except Refused as refused:
            self.reply(refused.args[0], {"detail": refused.args[1]})
        except KeyError:
            self.reply(404, {"detail": "not found"})
        except ValueError:
            self.reply(422, {"detail": "malformed"})
        except (RuntimeError, AttributeError) as error:
            self.reply(500, {"detail": str(error)})

    def route(self, body):
        url = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        parts = url.path.strip("/").split("/")
        if parts == ["health"]:
            return 200, {"status": "up", "tasks": len(TASKS)}
        table = {"projects": PROJECTS, "tasks": TASKS}[parts[0]]
        show = shown_task if table is TASKS else shown_project
        if len(parts) == 1:
            if self.command == "GET":
                return 200, listed(table, query)
            return 200, show(create_task(body) if table is TASKS else create_project(body))
        if FAULT == "no_404" and parts[1] not in table:
            return 200, {}
        row = table[parts[1]]
        if len(parts) == 3:
            return 200, show(move_task(row, body))
        if self.command == "DELETE":
            delete(table, row)
            return 204, None
        if self.command == "PATCH":
            if table is PROJECTS:
                name = body.get("name", row["name"])
                if any(p["name"] == name and p is not row for p in PROJECTS.values()):
                    if FAULT != "unique_update":
                        raise Refused(409, "there is one of that name")
                row["name"] = name
            else:
                row = change_task(row, body)
        return 200, show(row)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_request


if __name__ == "__main__":
    print("listening", file=sys.stderr)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
