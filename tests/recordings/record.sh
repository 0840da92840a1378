#!/bin/sh
# record.sh CADRE FOLDER: makes the recordings beside it anew. CADRE is the program; FOLDER holds
# @copilotkit/aimock (tests/interop/aimock_test.sh installs it into build/aimock).
cadre=$(realpath "$1")
folder=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill $mock 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
printf 'Order 1001\nPaid: 30.00 EUR on 2026-01-03\nLamp, broken on arrival\n' >order.txt
printf 'A broken article is refunded in full within 30 days of payment.\n' >policy.txt
printf 'allow: ["gate:refund/*"]\n' >allow.yaml
# The server keeps count of what it was asked, so each recording has one of its own.
serve() {
  port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{
    console.log(s.address().port);s.close()})')
  node "$folder/node_modules/@copilotkit/aimock/dist/cli.js" -p "$port" -h 127.0.0.1 \
    -f "$here/fixtures.json" --strict >"$work/aimock.log" 2>&1 &
  mock=$!
  ask="fetch('http://127.0.0.1:$port/__aimock/journal').then(()=>process.exit(0),()=>process.exit(1))"
  for _ in $(seq 100); do
    node -e "$ask" && break
    sleep 0.1
  done
}
record() {
  name=$1 sop=$2 model=$3
  rm -rf out
  env OPENAI_API_KEY=sk-recorded-never ANTHROPIC_API_KEY=sk-recorded-never "$cadre" run \
    "My lamp came broken. What now?" --sop "$sop" --model "$model" --input order.txt policy.txt \
    --out out --policy allow.yaml --record "$here/$name.jsonl" --quiet >"$name.log" 2>&1 ||
    { cat "$name.log"; echo "$name was not recorded"; exit 1; }
  kill $mock
  ! grep -q recorded-never "$here/$name.jsonl" || { echo "a key stands in $name.jsonl"; exit 1; }
  sed -i "s|127\.0\.0\.1:$port|127.0.0.1:4010|g" "$here/$name.jsonl"
  echo "$name: $(wc -l <"$here/$name.jsonl") lines"
}
serve
record research_chat research "openai-chat+http://127.0.0.1:$port/v1#gpt-5-mini"
serve
record research_ollama research "ollama+http://127.0.0.1:$port#qwen3:8b"
serve
record triage_anthropic support_triage "anthropic+http://127.0.0.1:$port/v1#claude-haiku-4-5"
serve
record triage_responses support_triage "openai+http://127.0.0.1:$port/v1#gpt-5-mini"
