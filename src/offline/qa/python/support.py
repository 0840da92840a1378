"""What all tests share: a clock that stands still, the requests, and the assertions."""

import asyncio
import json as jsonlib
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

# Signs the tokens of the tests.
SECRET = "only-for-tests"
START = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "rule", "errors"}


class FixedClock:
    """Shows the instant that a test has set, and never moves by itself."""

    def __init__(self, instant=START):
        self.instant = instant

    def now(self):
        """The instant of the test."""
        return self.instant

    def advance(self, **duration):
        """Moves on, for example by days=14."""
        self.instant += timedelta(**duration)

    def reset(self):
        """Back to where every test begins."""
        self.instant = START


@dataclass(frozen=True)
class Response:
    """What the application answered."""

    status_code: int
    headers: dict
    content: bytes

    @property
    def text(self):
        """The body as text."""
        return self.content.decode()

    def json(self):
        """The body as JSON."""
        return jsonlib.loads(self.content)


class Client:
    """Calls the application directly, without sockets: several times as fast as over HTTP.

    Threads may share it; each has an event loop of its own.
    """

    def __init__(self, app):
        self.app = app
        self.local = threading.local()
        self.loops = []

    def close(self):
        """Frees what the client holds."""
        for loop in self.loops:
            loop.close()

    def request(self, method, path, *, json=None, content=None, params=None, headers=None):
        """One request, like the method of the same name in httpx."""
        headers = {"Host": "test", **(headers or {})}
        if json is not None:
            content = jsonlib.dumps(json)
            headers.setdefault("Content-Type", "application/json")
        body = (content or "").encode()
        headers["Content-Length"] = str(len(body))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": urlencode(params or {}).encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "client": ("test", 1),
            "server": ("test", 80),
        }
        return self._loop().run_until_complete(self._call(scope, body))

    def _loop(self):
        if not hasattr(self.local, "loop"):
            self.local.loop = asyncio.new_event_loop()
            self.loops.append(self.local.loop)
        return self.local.loop

    async def _call(self, scope, body):
        sent = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        try:
            await self.app(scope, receive, send)
        except Exception:
            # The framework answers 500 first and then raises for the server's log.
            if not sent:
                raise
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return Response(sent[0]["status"], headers, content)


class Api:
    """Sends requests as an actor: "role", or ("role", id of the actor's record)."""

    def __init__(self, client, issue=None):
        self.client = client
        self.issue = issue
        self.tokens = {}

    def headers(self, actor):
        """The Authorization header of an actor; none without one."""
        if actor is None or self.issue is None:
            return {}
        if actor not in self.tokens:
            role, subject = actor if isinstance(actor, tuple) else (actor, None)
            self.tokens[actor] = self.issue(role, subject)
        return {"Authorization": f"Bearer {self.tokens[actor]}"}

    def send(self, method, path, body=None, *, actor=None, params=None):
        """One request; `body` is sent as JSON unless it is None."""
        return self.client.request(
            method, path, json=body, params=params, headers=self.headers(actor)
        )

    def get(self, path, *, actor=None, params=None):
        """GET"""
        return self.send("GET", path, actor=actor, params=params)

    def post(self, path, body=None, *, actor=None, params=None):
        """POST"""
        return self.send("POST", path, body, actor=actor, params=params)

    def patch(self, path, body=None, *, actor=None, params=None):
        """PATCH"""
        return self.send("PATCH", path, body, actor=actor, params=params)

    def delete(self, path, *, actor=None, params=None):
        """DELETE"""
        return self.send("DELETE", path, actor=actor, params=params)

    def raw(self, method, path, content, *, actor=None, media="application/json"):
        """A request whose body is any text."""
        headers = {**self.headers(actor), "Content-Type": media}
        return self.client.request(method, path, content=content, headers=headers)

    def made(self, path, body, *, actor=None):
        """Creates a row that must be accepted, and returns it."""
        return expect_status(self.post(path, body, actor=actor), 201)

    def done(self, path, body=None, *, actor=None):
        """Performs an action that must be accepted, and returns the row."""
        return expect_status(self.post(path, body, actor=actor), 200)

    def newest(self, path, *, actor=None):
        """The row of a list that was made last."""
        params = {"sort": "-id", "limit": 1}
        return expect_status(self.get(path, actor=actor, params=params), 200)["items"][0]

    def row(self, path, *, actor=None):
        """Reads a row that must be there."""
        return expect_status(self.get(path, actor=actor), 200)


def fill(given, body):
    """The body with the given fields; what is callable is made only when it is needed."""
    for name, value in body.items():
        if name in given:
            body[name] = given[name]
        elif callable(value):
            body[name] = value()
    return {**body, **given}


def nth(n, samples):
    """The n-th of the samples, round and round."""
    return samples[n % len(samples)]


def short(value):
    """A parameter of a test as it stands in the test's name."""
    return str(value)[:30]


def without(body, field):
    """The body without one field."""
    return {name: value for name, value in body.items() if name != field}


def expect_status(response, status):
    """Asserts the status and returns the body, None when there is none."""
    assert response.status_code == status, response.text
    return response.json() if response.content else None


def expect_row(response, status, expected):
    """Asserts the status and the whole row, apart from the id of a new one."""
    row = expect_status(response, status)
    assert isinstance(row["id"], int)
    assert row == {"id": row["id"], **expected}
    return row


def expect_rows(response, expected):
    """Asserts the rows of a report, in order."""
    assert expect_status(response, 200) == {"rows": expected}


def expect_items(response, rows):
    """Asserts that a list shows exactly these rows, in order."""
    page = expect_status(response, 200)
    assert [item["id"] for item in page["items"]] == [row["id"] for row in rows]
    return page


def expect_problem(response, status, code, rule=None, field=None):
    """Asserts a refusal: status, code, the rule that was broken, the field at fault."""
    problem = expect_status(response, status)
    assert response.headers["content-type"].startswith("application/problem+json")
    assert set(problem) == PROBLEM_FIELDS
    assert problem["status"] == status
    assert problem["code"] == code, problem
    assert problem["rule"] == rule, problem
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]], problem
    return problem
