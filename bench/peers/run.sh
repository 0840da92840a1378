#!/bin/sh
# bench/peers/run.sh [--quick] [--only CELL…] [--add]: Cadre beside other agent frameworks, on this machine.
#
# Builds our two programs, installs the peers into build/peers (npm, pip: needs their registries
# the first time), measures, prints tables and writes build/peers/results.jsonl. Nothing is sent
# anywhere while it measures. CADRE_BENCH_BUILD names another build folder of the preset `bench`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${CADRE_BENCH_BUILD:-$root/build/bench}
peers=$root/build/peers
mkdir -p "$peers/npm" "$peers/python"

[ -f "$build/build.ninja" ] || (cd "$root" && cmake --preset bench -B "$build" >/dev/null)
ninja -C "$build" agents_load mock_model_server >"$peers/build.log" 2>&1 ||
  { tail -20 "$peers/build.log" >&2; exit 1; }

# Packages again only when their list changed. Install scripts of packages are not run.
cp "$here"/node/*.mjs "$peers/npm/"
if ! cmp -s "$here/node/package.json" "$peers/npm/wanted.json"; then
  cp "$here/node/package.json" "$peers/npm/package.json"
  if (cd "$peers/npm" && npm install --no-audit --no-fund --ignore-scripts) \
      >"$peers/npm.log" 2>&1; then
    cp "$here/node/package.json" "$peers/npm/wanted.json"
  else
    echo "npm peers could not be installed; see $peers/npm.log" >&2
  fi
fi
for name in openai-agents langgraph; do
  cmp -s "$here/python/$name.txt" "$peers/python/$name.installed" && continue
  if { python3=/usr/bin/python3; $python3 -m venv --clear "$peers/python/$name" &&
       "$peers/python/$name/bin/pip" install -q -r "$here/python/$name.txt"; } \
      >"$peers/$name.log" 2>&1; then
    cp "$here/python/$name.txt" "$peers/python/$name.installed"
  else
    echo "$name of PyPI could not be installed; see $peers/$name.log" >&2
  fi
done

exec /usr/bin/python3 "$here/compare.py" --server "$build/bench/mock_model_server" \
  --cadre "$build/bench/agents_load" --peers "$peers" --out "$peers/results.jsonl" "$@"
