#!/bin/sh
# tls_test.sh PROGRAM FOLDER: the HTTP client over TLS against node's servers, HTTP/2 and HTTP/1.1.
# Exits 77 (skipped) where node or openssl is missing.
program=$1
folder=$2
here=$(cd "$(dirname "$0")" && pwd)
command -v node >/dev/null && command -v openssl >/dev/null ||
  { echo "SKIPPED: there is no node or no openssl"; exit 77; }
mkdir -p "$folder" && cd "$folder" || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key.pem \
  -out cert.pem -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>openssl.log ||
  { cat openssl.log; exit 1; }
rm -f h1.port h2.port
node "$here/tls_server.cjs" key.pem cert.pem h1 >h1.port &
one=$!
node "$here/tls_server.cjs" key.pem cert.pem h2 >h2.port &
two=$!
trap 'kill $one $two 2>/dev/null' EXIT
for _ in $(seq 100); do
  [ -s h1.port ] && [ -s h2.port ] && break
  sleep 0.1
done
"$program" "https://127.0.0.1:$(cat h1.port)/" "https://127.0.0.1:$(cat h2.port)/" cert.pem
