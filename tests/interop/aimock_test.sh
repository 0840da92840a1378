#!/bin/sh
# aimock_test.sh PROGRAM FOLDER: our models against @copilotkit/aimock, a server by other people, and
# every request that it saw against the vendors' published types. Packages go to FOLDER. Exits 77
# (skipped) where node, npm or the registry is missing.
program=$1
folder=$2
here=$(cd "$(dirname "$0")" && pwd)
skip() { echo "SKIPPED: $1"; exit 77; }
command -v node >/dev/null || skip "there is no node"
command -v npm >/dev/null || skip "there is no npm"
mkdir -p "$folder" && cd "$folder" || exit 1
if [ ! -e installed-2 ]; then
  echo '{"private":true}' > package.json
  npm install --no-audit --no-fund --loglevel=error @copilotkit/aimock@1.43.0 ajv@8 ajv-formats@3 \
    openai@6.49.0 @anthropic-ai/sdk@1.12.0 ollama@0.6.4 ts-json-schema-generator@2 >npm.log 2>&1 ||
    { tail -3 npm.log; skip "npm's registry cannot be reached"; }
  touch installed-2
fi
cp "$here/schema_types.ts" types.ts
cat > tsconfig.json <<'JSON'
{"compilerOptions":{"module":"nodenext","moduleResolution":"nodenext","skipLibCheck":true,
 "strict":true,"noEmit":true},"files":["types.ts"]}
JSON
for type in Chat Responses Messages Ollama; do
  [ -s "$type.json" ] || npx ts-json-schema-generator --path types.ts --tsconfig tsconfig.json \
    --type "$type" --no-type-check -o "$type.json" >generate.log 2>&1 ||
    { cat generate.log; rm -f "$type.json"; exit 1; }
done
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{
  console.log(s.address().port);s.close()})')
node node_modules/@copilotkit/aimock/dist/cli.js -p "$port" -h 127.0.0.1 \
  -f "$here/aimock_fixtures.json" --strict >aimock.log 2>&1 &
mock=$!
rm -f requests.jsonl recorder.port
node "$here/recorder.cjs" "http://127.0.0.1:$port" requests.jsonl >recorder.port &
recorder=$!
trap 'kill $mock $recorder 2>/dev/null' EXIT
ask="fetch('http://127.0.0.1:$port/__aimock/journal').then(()=>process.exit(0),()=>process.exit(1))"
for _ in $(seq 100); do
  [ -s recorder.port ] && node -e "$ask" && break
  sleep 0.1
done
"$program" "http://127.0.0.1:$(cat recorder.port)"
outcome=$?
node "$here/validate_requests.cjs" requests.jsonl "$folder"
valid=$?
[ $outcome -eq 0 ] && [ $valid -eq 0 ]
