"""A server on this machine for the tests of `download`: it misbehaves as the path of the address asks."""

import contextlib
import http.server
import threading
import time

BODY = bytes(range(256)) * 1000  # 256,000 bytes


class Handler(http.server.BaseHTTPRequestHandler):
    """Each path is one behaviour; what was asked is kept in `server.asked` as (path, Range)."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        with contextlib.suppress(ConnectionError):
            getattr(self, "answer_" + self.path.strip("/").split("/")[0])()

    def send(self, status=200, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def answer_whole(self):  # knows no Range
        self.send(body=BODY, Content_Length=len(BODY), ETag='"1"')

    def answer_ranges(self, version='"1"', start_shift=0):
        start = self.headers.get("Range")
        if start is None or self.headers.get("If-Range") != version:
            return self.send(body=BODY, Content_Length=len(BODY), ETag=version)
        start = int(start.removeprefix("bytes=").removesuffix("-"))
        if start >= len(BODY):
            return self.send(416, Content_Range=f"bytes */{len(BODY)}", Content_Length=0)
        start += start_shift
        self.send(206, BODY[start:], Content_Length=len(BODY) - start, ETag=version,
                  Content_Range=f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")  # fmt: skip

    def answer_broken(self):  # ends early the first time
        if len(self.server.asked) > 1:
            return self.answer_ranges()
        self.send(body=BODY[:100_000], Content_Length=len(BODY), ETag='"1"')

    def answer_changed(self):  # ends early, and is another file afterwards
        if len(self.server.asked) > 1:
            return self.answer_ranges(version='"2"')
        self.send(body=b"x" * 100_000, Content_Length=len(BODY), ETag='"1"')

    def answer_ignores(self):  # ends early, and then knows no Range
        if len(self.server.asked) > 1:
            return self.answer_whole()
        self.send(body=b"x" * 100_000, Content_Length=len(BODY), ETag='"1"')

    def answer_shifted(self):  # ends early, and then sends another part than the one asked for
        if len(self.server.asked) > 1:
            return self.answer_ranges(start_shift=7)
        self.send(body=BODY[:100_000], Content_Length=len(BODY), ETag='"1"')

    def answer_nameless(self):  # ends early, without saying which version this is
        if len(self.server.asked) > 1:
            return self.answer_whole()
        self.send(body=BODY[:100_000], Content_Length=len(BODY))

    def answer_partial(self):  # a part that nobody asked for
        self.send(206, BODY[:10], Content_Length=10, Content_Range=f"bytes 0-9/{len(BODY)}")

    def answer_stalls(self):
        self.send(body=BODY[:1000], Content_Length=len(BODY), ETag='"1"')
        self.wfile.flush()
        time.sleep(1.5)

    def answer_silent(self):
        time.sleep(1.5)

    def answer_endless(self):  # no length, no end
        self.send()
        while True:
            self.wfile.write(BODY)

    def answer_more(self):  # more than it announced
        self.send(body=BODY + b"more", Content_Length=len(BODY))

    def answer_boasts(self):
        self.send(body=BODY, Content_Length=10**15)

    def answer_nonsense(self):
        self.send(body=BODY, Content_Length="-5")

    def answer_chunked(self):  # ends inside a chunk
        self.protocol_version = "HTTP/1.1"
        self.send(body=b"5\r\nabcde\r\n9\r\nfgh", Transfer_Encoding="chunked")

    def answer_packed(self):
        self.send(body=BODY, Content_Length=len(BODY), Content_Encoding="gzip")

    def answer_garbage(self):
        self.wfile.write(b"\x00\xff no http at all\r\n\r\n")

    def answer_headers(self):
        self.send(**{f"X-{n}": "x" for n in range(500)})

    def answer_status(self):
        self.send(int(self.path.split("/")[2]), b"sorry", Content_Length=5)

    def answer_to(self):  # /to/ADDRESS
        self.send(302, b"look there", Location=self.path.removeprefix("/to/"), Content_Length=10)

    def answer_loop(self):
        self.send(302, Location="/loop", Content_Length=0)


@contextlib.contextmanager
def serving():
    """Give a server; `server.address` is where it stands."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.asked, server.address = [], f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
