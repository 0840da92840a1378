#!/bin/sh
# sop_aimock_test.sh PROGRAM FOLDER: whole runs of the SOP against @copilotkit/aimock, one server for
# each fixture. Packages go to FOLDER. Exits 77 (skipped) where node, npm, the registry or a tool
# that builds the projects is missing.
program=$1
folder=$2
here=$(cd "$(dirname "$0")" && pwd)
skip() { echo "SKIPPED: $1"; exit 77; }
for tool in node npm g++ cmake ctest gcov make bwrap; do
  command -v $tool >/dev/null || skip "there is no $tool"
done
mkdir -p "$folder" && cd "$folder" || exit 1
if [ ! -e installed ]; then
  echo '{"private":true}' > package.json
  npm install --no-audit --no-fund --loglevel=error @copilotkit/aimock@1.43.0 >npm.log 2>&1 ||
    { tail -3 npm.log; skip "npm's registry cannot be reached"; }
  touch installed
fi
servers=
trap 'kill $servers 2>/dev/null' EXIT
for fixture in game2048 algolib; do
  node "$here/sop_fixtures/make_replies.cjs" "$here/sop_fixtures/$fixture" aimock \
    >"$fixture.json" || exit 1
  port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{
    console.log(s.address().port);s.close()})')
  node node_modules/@copilotkit/aimock/dist/cli.js -p "$port" -h 127.0.0.1 -f "$fixture.json" \
    --strict >"$fixture.log" 2>&1 &
  servers="$servers $!"
  ask="fetch('http://127.0.0.1:$port/__aimock/journal').then(()=>process.exit(0),()=>process.exit(1))"
  for _ in $(seq 100); do
    node -e "$ask" && break
    sleep 0.1
  done
  urls="$urls http://127.0.0.1:$port"
done
"$program" $urls
