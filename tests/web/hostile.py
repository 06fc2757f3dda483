"""Hostile requests, made from a seed: bytes, and what they may be answered.

Rules of this file: a case says which statuses are right. No status at all, where a connection may just end, is 0.
Who is let in sends `x-good`.
"""

import json
import random
import string
from collections.abc import Callable
from typing import NamedTuple

SCRIPTS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "';DROP TABLE fills;--", "{{7*7}}", "${7*7}",
    "<svg/onload=alert(1)>", "\u202e\u0000", "%s%n", "../../etc/passwd", "&lt;script&gt;", "]]><![CDATA[", "\x1b[2J",
)  # fmt: skip
WRONG_HOSTS = (
    "evil.example.com", "localhost.evil.com:{port}", "localhost:1", "localhost", "user@localhost:{port}", "localhost:{port}@evil.com",
    "127.0.0.1.nip.io:{port}", "0.0.0.0:{port}", "[::]:{port}", "localhost:{port}.", "localhost:{port},evil.com", "", "{script}", "-",
    "169.254.169.254", "2130706433:{port}", "localhost:{port}/x", "LOCALHOST:{port}1",
)  # fmt: skip
WRONG_ORIGINS = (
    "null", "http://evil.com", "https://localhost:{port}", "http://localhost:1", "http://localhost:{port}.evil.com", "file://", "{script}",
    "http://127.0.0.1:{port}", "http://localhost:{port}/", "chrome-extension://a",
)  # fmt: skip
TRICKS = (
    "/../{x}", "/{x}/..%2f..%2fetc/passwd", "/%2e%2e/{x}", "/{x}%00", "/{x}%0d%0aX:%20y", "//{x}", "/a\\{x}", "/{x}%5c..", "/{x}%252e%252e",
    "/%c0%ae%c0%ae/{x}", "/{x}/./y", "/api/..;/{x}", "/{x}%", "/{x}%zz", "/<{x}>", "/%e2%80%ae{x}", "/{x}|", "/{x}\x01",
)  # fmt: skip
PATHS = ("/api/accounts", "/api/orders", "/", "/live/positions", "/api/sql", "/metrics", "/accounts/mine")
REFUSED = frozenset((0, 400, 401, 403, 405, 408, 413, 414, 415, 421))
MAX_BODY = 16 << 10


class Case(NamedTuple):
    data: bytes
    right: frozenset[int]
    hangs_up: bool = False


class Maker:
    """Makes cases against a server at a port; `token` is one that may do everything."""

    def __init__(self, port: int, token: str, seed: int, *, needs_token: bool) -> None:
        self.port = port
        self.token = token
        self.needs_token = needs_token
        self.random = random.Random(seed)
        kinds: list[Callable[[], Case]] = [
            self.wrong_host, self.no_host, self.wrong_origin, self.other_site, self.trick, self.long_address, self.large_body,
            self.large_chunks, self.large_head, self.wrong_token, self.wrong_login, self.wrong_csrf, self.form, self.method,
            self.script, self.broken_line, self.broken_header, self.broken_chunk, self.smuggled, self.noise, self.half_a_head,
            self.half_a_body, self.web_socket, self.absolute,
        ]  # fmt: skip
        self.kinds = [*kinds, self.no_token, self.mutant, self.mutant] if needs_token else kinds

    def case(self) -> tuple[str, Case]:
        """And what is wrong with it."""
        kind = self.random.choice(self.kinds)
        return kind.__name__, kind()

    def good(self) -> bytes:
        return self.request(headers={"x-good": "yes"})

    def request(
        self,
        method: str = "GET",
        path: str = "/api/accounts",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        leave: tuple[str, ...] = (),
    ) -> bytes:
        """One that would be let in, but for what a case changes or leaves out."""
        head = {"host": f"localhost:{self.port}", "connection": "close"}
        if self.needs_token:
            head["authorization"] = f"Bearer {self.token}"
        if method not in ("GET", "HEAD") or body is not None:
            body = b"{}" if body is None else body
            head |= {"content-type": "application/json", "content-length": str(len(body))}
        head |= headers or {}
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{name}: {head[name]}" for name in head if name not in leave),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (body or b"")

    def method_and_path(self) -> tuple[str, str]:
        return self.random.choice(("GET", "POST", "DELETE", "HEAD")), self.random.choice(PATHS)

    def filled(self, text: str) -> str:
        script = self.random.choice(SCRIPTS).replace("\x00", "").encode("ascii", "ignore").decode()
        return text.format(port=self.port, script=script, x=self.random.choice(("etc", "api", "a")))

    # --- Cases

    def wrong_host(self) -> Case:
        host = self.filled(self.random.choice(WRONG_HOSTS))
        return self._case(self.request(*self.method_and_path(), {"host": host}), 421, 400)

    def no_host(self) -> Case:
        twice = self.random.random() < 0.5
        data = self.request(
            *self.method_and_path(),
            {"Host": f"localhost:{self.port}"} if twice else None,
            leave=() if twice else ("host",),
        )
        return self._case(data, 421)

    def wrong_origin(self) -> Case:
        origin = self.filled(self.random.choice(WRONG_ORIGINS))
        return self._case(self.request(*self.method_and_path(), {"origin": origin}), 403, 400)

    def other_site(self) -> Case:
        site = {
            "sec-fetch-site": self.random.choice(("cross-site", "same-site", "?")),
            "sec-fetch-mode": self.random.choice(("cors", "no-cors")),
        }
        return self._case(self.request(*self.method_and_path(), site), 403)

    def trick(self) -> Case:
        method, _ = self.method_and_path()
        return self._case(self.request(method, self.filled(self.random.choice(TRICKS))), 400)

    def long_address(self) -> Case:
        size = self.random.randint(9_000, 60_000)
        path = self.random.choice(("/" + "a" * size, "/?q=" + "%41" * (size // 3 + 1), "/" + "a/" * size))
        return self._case(self.request(path=path), 414, 400)

    def large_body(self) -> Case:
        size = self.random.choice((MAX_BODY + 1, 1 << 20, 1 << 40, 1 << 62, 10**25))
        return self._case(
            self.request("POST", headers={"content-length": str(size)}, body=b"{" * 100), 413, 400
        )

    def large_chunks(self) -> Case:
        size = self.random.choice((1, 100, 5_000))
        chunks = (b"%x\r\n" % size + b"a" * size + b"\r\n") * (MAX_BODY // size + 1)
        head = self.request(
            "POST", headers={"transfer-encoding": "chunked"}, body=b"", leave=("content-length",)
        )
        return self._case(head + chunks + b"0\r\n\r\n", 413)

    def large_head(self) -> Case:
        name = "x" * 100_000 if self.random.random() < 0.3 else "x-a"
        value = self.random.choice((400_000, 1_000_000)) * "a"
        return self._case(self.request(headers={name: value}), 400, 0)

    def wrong_token(self) -> Case:
        text = "".join(self.random.choices(string.ascii_letters + "_-.", k=43))
        given = self.random.choice(
            (
                f"Bearer gf_{'0' * 8}_{text}",
                f"Bearer {self.token[:12]}{text}",
                f"Basic {text}",
                self.filled("{script}"),
                "Bearer",
            )
        )
        return self._case(self.request(*self.method_and_path(), {"authorization": given}), 401, 400)

    def wrong_login(self) -> Case:
        cookie = f"ghostfill_session={self.token[3:11]}.{self.random.randint(0, 10**11)}.{self.random.getrandbits(256):064x}"
        data = self.request(*self.method_and_path(), {"cookie": cookie}, leave=("authorization",))
        if self.needs_token:
            return self._case(data, 401, 303)
        return self._case(self.request("POST", "/api/orders", {"cookie": cookie}), 403)

    def wrong_csrf(self) -> Case:
        """On a page's behalf; beyond this machine by a login that is none."""
        sign = self.random.choice(
            (
                {"sec-fetch-site": "same-origin"},
                {"origin": f"http://localhost:{self.port}"},
                {"cookie": "ghostfill_csrf=" + "a" * 32},
            )
        )
        token = self.random.choice(("", f"{self.random.getrandbits(256):064x}", self.filled("{script}")))
        data = self.request(
            "POST", "/api/orders", {**sign, "x-ghostfill-csrf": token}, leave=("authorization",)
        )
        return self._case(data, 401 if self.needs_token else 403, 400)

    def form(self) -> Case:
        kind = self.random.choice(
            (
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "",
                "text/html",
            )
        )
        method = self.random.choice(("POST", "PUT", "DELETE", "PATCH"))
        return self._case(self.request(method, headers={"content-type": kind}, body=b'{"a":"b"}'), 415)

    def method(self) -> Case:
        method = self.random.choice(
            ("OPTIONS", "TRACE", "PROPFIND", "LOCK", "PURGE", "get", "X" * 100, "M-SEARCH")
        )
        return self._case(self.request(method), 405, 400)

    def script(self) -> Case:
        """Let in, and harmless: what was sent is text."""
        said = json.dumps({self.random.choice(SCRIPTS): [self.random.choice(SCRIPTS)] * 3}).encode()
        noted = self.filled("{script}").replace("\x1b", "")
        data = self.request(
            "POST",
            f"/api/x?q={'%3Cscript%3E' * 3}",
            {"x-good": "yes", "x-note": noted, "user-agent": noted},
            said,
        )
        return self._case(data, 200)

    def broken_line(self) -> Case:
        good = self.request().partition(b"\r\n")[2]
        line = self.random.choice((
            b"GET", b"GET / HTTP/9.9", b"GET  HTTP/1.1", b"/ GET HTTP/1.1", b"GET /a b HTTP/1.1", b"GET / HTTQ/1.1", b"\x16\x03\x01\x02\x00\x01\x00",
            b"PRI * HTTP/2.0", b"GET * HTTP/1.1", b"OPTIONS * HTTP/1.1", b"CONNECT evil.com:443 HTTP/1.1", b"GET \xff\xfe HTTP/1.1", b"G\x00T / HTTP/1.1",
        ))  # fmt: skip
        return self._case(line + b"\r\n" + good, 400, 405, 0, hangs_up=True)

    def broken_header(self) -> Case:
        line = self.random.choice((
            b"no colon here", b"x y: z", b"host : evil.com", b": empty", b"x\x00y: z", b"x: a\x00b", b"content-length: -1", b"content-length: 1, 2",
            b"transfer-encoding: chunked, identity", b"transfer-encoding: x", b"x: a\rb", b"\xff: a", b"content-length: 0x10",
        ))  # fmt: skip
        head, _, _ = self.request("POST", leave=("content-length",), body=b"").partition(b"\r\n\r\n")
        return self._case(head + b"\r\n" + line + b"\r\n\r\n", 400, 0, hangs_up=True)

    def broken_chunk(self) -> Case:
        chunk = self.random.choice((
            b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\na\r\n", b"fffffffffffffffff\r\na", b"5\r\nabc", b"3\r\nabcde\r\n0\r\n\r\n", b"0x3\r\nabc\r\n", b"\r\n\r\n", b"3;\x00\r\nabc\r\n",
        ))  # fmt: skip
        head = self.request(
            "POST", headers={"transfer-encoding": "chunked"}, body=b"", leave=("content-length",)
        )
        return self._case(head + chunk, 400, 0, hangs_up=True)

    def smuggled(self) -> Case:
        """A second request behind, or within, the first."""
        second = self.request("POST", "/api/orders", {"host": "evil.com"})
        if self.random.random() < 0.5:
            first = self.request("POST", "/api/orders", {"connection": "keep-alive", "host": "evil.com"}, b"")
            return self._case(first + second, 421)
        both = {"transfer-encoding": "chunked", "content-length": "4"}
        return self._case(
            self.request("POST", headers=both, body=b"") + b"0\r\n\r\n" + second, 400, 421, 0, hangs_up=True
        )

    def noise(self) -> Case:
        return self._case(self.random.randbytes(self.random.randint(1, 2_000)), 400, 0, hangs_up=True)

    def half_a_head(self) -> Case:
        data = self.request()
        return self._case(data[: self.random.randint(0, len(data) - 4)], 0, 400, hangs_up=True)

    def half_a_body(self) -> Case:
        """Ends; one in a few hundred waits until it is given up."""
        waits = self.random.random() < 0.02
        return self._case(
            self.request("POST", headers={"content-length": "100"}, body=b"{"), 408, 0, hangs_up=not waits
        )

    def web_socket(self) -> Case:
        wrong = self.random.choice(
            (
                {"host": "evil.com"},
                {"origin": "http://evil.com"},
                {"origin": "null"},
                {"authorization": "Bearer x"},
                {"sec-fetch-site": "cross-site"},
            )
        )
        head = {
            "upgrade": "websocket",
            "connection": "Upgrade",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        return self._case(self.request(path="/api/events/ws", headers={**head, **wrong}), 401, 403, 421)

    def absolute(self) -> Case:
        return self._case(
            self.request(
                path=f"http://{self.random.choice(('evil.com', f'localhost:{self.port}'))}/api/accounts"
            ),
            400,
        )

    def no_token(self) -> Case:
        method, path = self.method_and_path()
        return self._case(
            self.request(method, path, leave=("authorization",)),
            303 if path in ("/", "/accounts/mine") and method in ("GET", "HEAD") else 401,
        )

    def mutant(self) -> Case:
        """A request without a token, with some bytes changed, lost or repeated."""
        data = bytearray(self.request(*self.method_and_path(), leave=("authorization",)))
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(data))
            change = self.random.randrange(3)
            if change == 0:
                data[at] = self.random.randrange(256)
            elif change == 1:
                del data[at : at + self.random.randint(1, 10)]
            else:
                data[at:at] = data[at : at + self.random.randint(1, 30)]
        return Case(bytes(data), REFUSED | {303}, hangs_up=True)

    def _case(self, data: bytes, *right: int, hangs_up: bool = False) -> Case:
        return Case(data, frozenset(right), hangs_up)
