"""What else may be listening where a service should be: one way of misbehaving at a time."""

import os
import socket
import sys
import threading
import time

FAULT = ""
SEEN = [0]


def head(length, kind="application/json", status="200 OK"):
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {length}\r\n\r\n").encode()


def whole(body, **more):
    return head(len(body), **more) + body


def endless(client, start, piece):
    client.sendall(start)
    while True:
        client.sendall(piece)


def answer(client, request):
    SEEN[0] += 1
    if FAULT == "hangs" and SEEN[0] > 1:
        time.sleep(3600)
    elif FAULT == "closes" and SEEN[0] > 1:
        client.close()
    elif FAULT == "dies" and SEEN[0] > 2:
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(7)
    elif FAULT == "large" and SEEN[0] > 1:
        client.sendall(head(100_000_000))
        for _ in range(100):
            client.sendall(b"x" * 1_000_000)
    elif FAULT == "chunks" and SEEN[0] > 1:
        endless(client, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"10000\r\n" + b"x" * 65536 + b"\r\n")
    elif FAULT == "headers" and SEEN[0] > 1:
        endless(client, b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 5000 + b"\r\n")
    elif FAULT == "drips" and SEEN[0] > 1:
        client.sendall(head(1_000_000))
        while True:
            client.sendall(b" ")
            time.sleep(0.1)
    elif FAULT == "garbage" and SEEN[0] > 1:
        client.sendall(b"\x00\x01\x02 no status line\r\n\r\n")
    elif FAULT == "redirects":
        client.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                       b"Content-Length: 0\r\n\r\n")
    elif FAULT == "no_json":
        client.sendall(whole(b"<html>hello", kind="text/html"))
    elif FAULT == "half_json":
        client.sendall(whole(b'{"id": 1, "email": "a@b.c"'))
    elif FAULT == "deep_json":
        client.sendall(whole(b"[" * 200_000 + b"]" * 200_000))
    elif FAULT == "no_utf8":
        client.sendall(whole(b'{"id": "\xff\xfe", "fullName": "\xc3\x28", "email": "\xff"}'))
    elif FAULT == "null":
        client.sendall(whole(b"null"))
    elif FAULT == "forks":
        client.sendall(whole(b"{}"))
        while True:
            try:
                if os.fork() == 0:
                    time.sleep(3600)
            except OSError:
                time.sleep(0.05)
    elif FAULT == "eats":
        kept = []
        while True:
            kept.append(bytearray(50_000_000))
    else:
        client.sendall(whole(b'{"id": 1}'))


def serve(client):
    with client:
        try:
            while request := client.recv(65536):
                answer(client, request)
        except OSError:
            pass


def main():
    if FAULT == "ends":
        sys.exit("no database: connect() failed")
    if FAULT == "deaf":
        time.sleep(3600)
    if FAULT == "chatters":
        while True:
            print("x" * 1000, flush=True)
    listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
    if FAULT == "silent":
        time.sleep(3600)
    if FAULT == "prints":
        threading.Thread(target=lambda: [print("y" * 1000) for _ in iter(int, 1)],
                         daemon=True).start()
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


main()
