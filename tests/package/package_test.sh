#!/bin/sh
# package_test.sh BUILD FOLDER EXAMPLES: installs the build, and builds and runs programs of a user's
# against what was installed alone: every public header in one file, and an SOP from end to end.
set -eu
build=$1
folder=$2
examples=$3
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$folder"
mkdir -p "$folder/elsewhere"
cmake --install "$build" --prefix "$folder/prefix" >"$folder/install.log"
cmake -S "$here/user" -B "$folder/user" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$folder/prefix" \
  -DEXAMPLES="$examples" >"$folder/configure.log"
cmake --build "$folder/user" >"$folder/build.log" 2>&1 || { tail -40 "$folder/build.log"; exit 1; }
cd "$folder/elsewhere"
"$folder/user/shipped"
"$folder/user/example_10" >"$folder/example_10.log" || { cat "$folder/example_10.log"; exit 1; }
"$folder/prefix/bin/cadre" sop check research
