"""Who may come in where: on this machine everybody who uses its own name, elsewhere whoever has a token.

Rules of this file: a server that listens beyond loopback, or is reached by another name, asks for tokens; a
proxy on this machine would otherwise let the world in.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from streams.local.machine import private
from streams.local.machine.home import Home
from streams.web.guard.seals import Seals
from streams.web.guard.tokens import FILE, Tokens

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
DATA = ("/api", "/live", "/metrics", "/readyz", "/healthz", "/assets")
"""What no person looks at as a page; a path under one of them belongs to it."""
OPEN = ("/healthz", "/assets", "/login", "/logout")
"""Where nobody needs a token."""
FORMS = frozenset(("/login", "/logout"))
"""Where an action may come from a plain form."""
_NAME = re.compile(r"([a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::(\d{1,5}))?")


class PolicyError(ValueError):
    """Something that cannot be protected as it was asked for."""


@dataclass(frozen=True)
class Policy:
    """What the guard holds everybody to."""

    hosts: frozenset[str]
    """The Host headers that are ours, in small letters."""
    port: int
    needs_token: bool
    """False: whoever reaches it may do everything."""
    tokens: Tokens
    seals: Seals
    is_anywhere: bool = False
    """Listens on every address of the machine; then the one that a connection came to is ours too."""
    tls: bool = False
    max_body: int = 1 << 20
    max_url: int = 8 << 10
    body_s: float = 30.0
    """How long a request may take to arrive."""
    rate_per_s: float | None = 50.0
    """For each token, or each address that has none; None: as fast as they like."""
    burst: int = 200
    max_open: int = 50
    """Requests and streams at once; of each, as above."""
    max_connections: int = 5_000
    """At once, of everybody."""
    max_connections_each: int = 200
    """Of one address beyond this machine."""
    failed_logins_a_minute: int = 10
    reading: frozenset[str] = field(default_factory=frozenset)
    """Paths where a POST only reads, so that a reader may send it."""


def policy_for(
    home: Home,
    host: str,
    port: int,
    names: Iterable[str] = (),
    *,
    tls: bool = False,
    reading: Iterable[str] = (),
) -> Policy:
    """The policy of a server that listens there, and is reached by these other names too."""
    others = [_name(each) for each in names]
    policy = Policy(
        hosts=_hosts(host, port, others, bare=443 if tls else 80),
        port=port,
        needs_token=bool(others) or not is_local(host),
        tokens=Tokens(home.folder / FILE),
        seals=Seals(private.key(home.folder / "web.key")),
        is_anywhere=host in ("0.0.0.0", "::", ""),
        tls=tls,
        reading=frozenset(reading),
    )
    if policy.needs_token:
        return policy
    return replace(policy, rate_per_s=2_000.0, burst=5_000, max_open=2_000)


def is_local(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def is_under(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _hosts(host: str, port: int, names: Iterable[str], bare: int) -> frozenset[str]:
    """`name:port`, and the name alone where the port need not be said."""
    found = set()
    for name in (*LOCAL_NAMES, bracketed(host.lower())):
        found |= {f"{name}:{port}", *([name] if port == bare else [])}
    for name in names:
        found |= {name, f"{name}:{port}"}
    return frozenset(found)


def _name(text: str) -> str:
    name = text.strip().lower()
    match = _NAME.fullmatch(name)
    if match is None or int(match[2] or 1) not in range(1, 65_536):
        raise PolicyError(f"found the name {text!r}; expected one such as trade.example.com, or with :PORT")
    return name
