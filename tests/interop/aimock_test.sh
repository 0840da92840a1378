#!/bin/sh
# aimock_test.sh PROGRAM FOLDER: our models against @copilotkit/aimock, a server by other people, and
# every request that it saw against the vendors' published types. Packages go to FOLDER. Exits 77
# (skipped) where node, npm or the registry is missing.
program=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/aimock_kit.sh"
mkdir -p "$2" && cd "$2" || exit 1
install_aimock
start_aimock requests "$here/aimock_fixtures.json"
"$program" "$url"
outcome=$?
node "$here/validate_requests.cjs" requests.jsonl . 4
valid=$?
[ $outcome -eq 0 ] && [ $valid -eq 0 ]
