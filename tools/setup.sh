# Sourced by ./cadre and ./check: finds missing Debian packages and installs them, with a word first.
# shellcheck shell=bash

die() { printf 'cadre: %s\n' "$*" >&2; exit 1; }
say() { printf 'cadre: %s\n' "$*" >&2; }

# missing_packages WHEN...: the packages of these groups that are not installed, one a line.
missing_packages() {
  local when wanted=()
  for when in "$@"; do
    while read -r group package; do
      [ "$group" = "$when" ] && wanted+=("$package")
    done < <(grep -v '^#' "$ROOT/tools/packages.txt")
  done
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
      sed -n 's/ installed$//p' | sort -u)
}

# install_missing WHEN...
install_missing() {
  command -v dpkg-query >/dev/null || die "this is no Debian system; install by hand what tools/packages.txt lists"
  local missing as_root=() log="$ROOT/build/apt.log"
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "${missing// /}" ] || return 0
  say "installing Debian packages: $missing"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo; run as root: apt-get install $missing"
    as_root=(sudo)
  fi
  mkdir -p "$ROOT/build"
  # shellcheck disable=SC2086
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1; then
    say "refreshing the package lists"
    "${as_root[@]}" apt-get update -q >"$log" 2>&1 || die "apt-get update failed; see build/apt.log"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >>"$log" 2>&1 ||
      { tail -n 5 "$log" >&2; die "could not install: $missing (full output: build/apt.log)"; }
  fi
}

# build PRESET TARGET...: configures when needed and builds, progress on stderr.
build() {
  local preset=$1; shift
  [ -f "$ROOT/build/$preset/build.ninja" ] ||
    (cd "$ROOT" && cmake --preset "$preset" >"$ROOT/build/$preset.configure.log" 2>&1) ||
    { tail -n 20 "$ROOT/build/$preset.configure.log" >&2; die "cmake failed (build/$preset.configure.log)"; }
  NINJA_STATUS='[%f/%t] ' ninja -C "$ROOT/build/$preset" "$@" >&2 || die "the build failed (see above)"
}
