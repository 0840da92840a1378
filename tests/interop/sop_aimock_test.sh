#!/bin/sh
# sop_aimock_test.sh PROGRAM FOLDER: whole runs of the SOP against @copilotkit/aimock, one server for
# each fixture, and every request that they saw against the vendors' published types. Packages go to
# FOLDER. Exits 77 (skipped) where node, npm, the registry or a tool that builds the projects is missing.
program=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/aimock_kit.sh"
for tool in g++ cmake ctest gcov make bwrap; do
  command -v $tool >/dev/null || skip "there is no $tool"
done
/usr/bin/python3 -c 'import fastapi, httpx, uvicorn, pytest, pytest_cov, flake8' 2>/dev/null ||
  skip "Debian's python3 has not all of fastapi, httpx, uvicorn, pytest, pytest_cov, flake8"
mkdir -p "$2" && cd "$2" || exit 1
install_aimock
urls=
for fixture in game2048 algolib toolshed; do
  node "$here/sop_fixtures/make_replies.cjs" "$here/sop_fixtures/$fixture" aimock \
    >"$fixture.json" || exit 1
  start_aimock "$fixture" "$fixture.json"
  urls="$urls $url"
done
"$program" $urls
outcome=$?
cat game2048.jsonl algolib.jsonl toolshed.jsonl >sop_requests.jsonl
node "$here/validate_requests.cjs" sop_requests.jsonl . 3
valid=$?
[ $outcome -eq 0 ] && [ $valid -eq 0 ]
