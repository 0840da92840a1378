# Read by the tests against @copilotkit/aimock: its packages and the vendors' types in the folder where
# they stand, and servers that record what they are sent. `here` is the folder of this file; skip() ends
# a test as skipped. Two tests that share a folder do not run at once.

skip() { echo "SKIPPED: $1"; exit 77; }

install_aimock() {
  command -v node >/dev/null || skip "there is no node"
  command -v npm >/dev/null || skip "there is no npm"
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
}

# start_aimock NAME FIXTURES: `url` is a server that records into NAME.jsonl.
servers=
trap 'kill $servers 2>/dev/null' EXIT
start_aimock() {
  port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{
    console.log(s.address().port);s.close()})')
  node node_modules/@copilotkit/aimock/dist/cli.js -p "$port" -h 127.0.0.1 -f "$2" --strict \
    >"$1.log" 2>&1 &
  servers="$servers $!"
  rm -f "$1.jsonl" "$1.port"
  node "$here/recorder.cjs" "http://127.0.0.1:$port" "$1.jsonl" >"$1.port" &
  servers="$servers $!"
  ask="fetch('http://127.0.0.1:$port/__aimock/journal').then(()=>process.exit(0),()=>process.exit(1))"
  for _ in $(seq 100); do
    [ -s "$1.port" ] && node -e "$ask" && break
    sleep 0.1
  done
  url="http://127.0.0.1:$(cat "$1.port")"
}
