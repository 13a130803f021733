#!/usr/bin/env python3
"""The server of the HTTP tests: it does what a request's headers ask for, however wrong that is.

usage: server.py [--tls CERTIFICATE KEY]

Prints its port and that of a listener which takes no connections, and ends when its standard input does. Paths:
    /echo...    answers with the head of the request as it came, and then the body's length and SHA-256
    /bytes/N    answers with N bytes
    /endless    answers with headers and more headers
    /facts      answers with what was seen: connections, the most at once, body bytes after a refusal, tunnels
    anything else answers with 200 and no body
Headers:
    X-Reply: BASE64     exactly these bytes are the answer; then the connection is closed
    X-Then: hold|reset|keep     what happens after them instead of the closing
    X-Wait: SECONDS     waits before the answer
    X-Early: 1          answers before the body is read, which is then not read
    X-Expect: accept|refuse|ignore      what an `Expect: 100-continue` meets
    X-Rate: N           the bytes of /bytes/ come N a second
    X-Read-Rate: N      the request's body is read N bytes a second
As a proxy: `CONNECT` opens a tunnel, or refuses with the status that the host's name begins with; for an
absolute URL it answers itself."""

import base64
import hashlib
import select
import socket
import ssl
import struct
import sys
import threading
import time

lock = threading.Lock()
facts = {"connections": 0, "open": 0, "peak": 0, "unwanted": 0, "tunnels": 0, "requests": 0}


def count(name, number=1):
    with lock:
        facts[name] += number
        facts["peak"] = max(facts["peak"], facts["open"])
        return facts[name]


class Connection:
    def __init__(self, connected):
        self.socket = connected
        self.rest = b""
        self.number = count("connections")

    def read_head(self):
        while b"\r\n\r\n" not in self.rest:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self.rest += piece
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        return head

    def read_body(self, length, rate):
        digest = hashlib.sha256()
        left = length
        while left > 0:
            piece = self.rest[:left] or self.socket.recv(min(left, rate or 1 << 20))
            self.rest = self.rest[len(piece):]
            if not piece:
                raise ConnectionError
            digest.update(piece)
            left -= len(piece)
            if rate:
                time.sleep(len(piece) / rate)
        return digest.hexdigest()

    def answer(self, body=b"", status="200 OK"):
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nX-Connection: {self.number}\r\n\r\n"
        self.socket.sendall(head.encode() + body)

    def send_bytes(self, total, rate, is_head):
        self.socket.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\nX-Connection: {self.number}\r\n\r\n".encode())
        block = bytes(range(256)) * (rate // 2560 + 1 if rate else 4096)
        while total > 0 and not is_head:
            piece = block[:total]
            self.socket.sendall(piece)
            total -= len(piece)
            if rate:
                time.sleep(len(piece) / rate)

    def tunnel(self, target):
        host, port = target.rsplit(":", 1)
        if host[:3].isdigit() and host.endswith(".refused.test"):
            self.answer(status=f"{host[:3]} No")
            return
        count("tunnels")
        with socket.create_connection((host, int(port))) as server:
            self.socket.sendall(b"HTTP/1.1 200 Connection established\r\nX-Tunnel: yes\r\n\r\n")
            pairs = {self.socket: server, server: self.socket}
            while True:
                for ready in select.select(list(pairs), [], [])[0]:
                    piece = ready.recv(65536)
                    if not piece:
                        return
                    pairs[ready].sendall(piece)

    def finish(self, then):
        if then == "hold":
            while self.socket.recv(65536):
                pass
        elif then == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def serve_one(self):
        """Serves a request. False where there is no further one."""
        head = self.read_head()
        if head is None:
            return False
        count("requests")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        if method == "CONNECT":
            self.tunnel(target)
            return False
        if target.startswith("http"):
            self.answer(b"proxied " + head)
            return True
        if headers.get("expect") == "100-continue":
            if headers.get("x-expect") == "refuse":
                self.answer(b"no", "403 Forbidden")
                self.socket.settimeout(0.3)
                try:
                    count("unwanted", len(self.rest) + len(self.socket.recv(65536)))
                except OSError:
                    pass
                return False
            if headers.get("x-expect") == "accept":
                self.socket.sendall(b"HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\n")
        length = int(headers.get("content-length", 0))
        digest = ""
        if "x-early" not in headers:
            digest = self.read_body(length, int(headers.get("x-read-rate", 0)))
        time.sleep(float(headers.get("x-wait", 0)))
        if "x-reply" in headers:
            self.socket.sendall(base64.b64decode(headers["x-reply"]))
            then = headers.get("x-then", "close")
            self.finish(then)
            return then == "keep"
        path = target.split("/")[1]
        if path == "bytes":
            self.send_bytes(int(target.split("/")[2]), int(headers.get("x-rate", 0)), method == "HEAD")
        elif path == "endless":
            self.socket.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                self.socket.sendall(b"X: " + b"y" * 60000 + b"\r\n")
        elif path == "facts":
            self.answer(" ".join(f"{name}={value}" for name, value in facts.items()).encode())
        elif path.startswith("echo"):
            self.answer(head + f"\r\n\r\n{length} {digest}".encode())
        else:
            self.answer()
        return True


def serve(accepted, context):
    count("open")
    try:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            accepted = context.wrap_socket(accepted, server_side=True)
        connection = Connection(accepted)
        while connection.serve_one():
            pass
    except OSError:
        pass
    finally:
        accepted.close()
        count("open", -1)


def accept(listener, context):
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=serve, args=(accepted, context), daemon=True).start()


def full_listener():
    """A listener whose queue is full, so that connections to it are neither made nor refused."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(4)]
    for connecting in waiting:
        connecting.setblocking(False)
        connecting.connect_ex(listener.getsockname())
    return listener, waiting


def main(arguments):
    context = None
    if arguments[:1] == ["--tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments[1], arguments[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    full = full_listener()
    print(listener.getsockname()[1], full[0].getsockname()[1], flush=True)
    threading.Thread(target=accept, args=(listener, context), daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
