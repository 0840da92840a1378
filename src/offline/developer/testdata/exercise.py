"""Compiles a generated service and sends requests to it: the Developer's behaviour test.

usage: exercise.py PROJECT REQUESTS.json ANSWERS.json. Each request is {"method", "target",
"headers", "body"}; X-Test-Now sets the clock and X-Test-Actor ("role" or "role:id") the caller.
The answers are [{"status", "body"}]; ANSWERS.json also says how long the start took.
"""

import compileall
import json
import os
import sys
import time
import warnings
from datetime import datetime, timedelta, timezone

warnings.simplefilter("error")
project, requests_path, answers_path = sys.argv[1:]
if not compileall.compile_dir(os.path.join(project, "app"), quiet=1):
    sys.exit("the service does not compile")
warnings.simplefilter("default")
sys.path.insert(0, project)
os.chdir(project)
began = time.perf_counter()

from app.config import Settings  # noqa: E402
from app.main import create_app  # noqa: E402

SECRET = "only-for-this-test"
with_actors = os.path.exists("app/security.py")


class SetClock:
    """Shows what the test sets."""

    instant = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def now(self):
        return self.instant


clock = SetClock()
secret = {"secret": SECRET} if with_actors else {}
app = create_app(Settings(database_path="exercise.db", **secret), clock)
start_seconds = time.perf_counter() - began

from fastapi.testclient import TestClient  # noqa: E402

client = TestClient(app, raise_server_exceptions=False)


def answer(request):
    headers = dict(request["headers"])
    clock.instant = datetime.fromisoformat(headers.pop("X-Test-Now"))
    actor = headers.pop("X-Test-Actor", None)
    if with_actors and actor:
        from app.security import issue_token

        role, _, record = actor.partition(":")
        until = clock.instant + timedelta(hours=1)
        token = issue_token(SECRET, role, int(record) if record else None, until)
        headers["Authorization"] = "Bearer " + token
    body = request["body"].encode() if request["body"] else None
    response = client.request(request["method"], request["target"], headers=headers, content=body)
    return {"status": response.status_code, "body": response.text}


with open(requests_path, encoding="utf-8") as file:
    answers = [answer(request) for request in json.load(file)]
with open(answers_path, "w", encoding="utf-8") as file:
    json.dump({"start_seconds": start_seconds, "answers": answers}, file)
