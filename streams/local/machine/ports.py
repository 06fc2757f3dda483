"""Ports of this machine, mostly of its loopback, that nobody listens on.

Rules of this file: ports are taken below those that the system gives to outgoing connections. A client that
tries again and again to reach a server that is down could otherwise be given the server's own port.
"""

import random
import socket

LOOPBACK = "127.0.0.1"
OURS = range(20_000, 32_000)


def is_free(port: int) -> bool:
    try:
        probe(LOOPBACK, port)
    except OSError:
        return False
    return True


def probe(host: str, port: int) -> None:
    """An OSError where nobody could listen."""
    kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(kind) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)


def free_ports(count: int) -> list[int]:
    """Different ports, each free a moment ago."""
    found: list[int] = []
    for port in random.sample(OURS, len(OURS)):
        if len(found) == count:
            return found
        if is_free(port):
            found.append(port)
    raise OSError(f"no {count} ports of {OURS.start} to {OURS.stop} are free on {LOOPBACK}")


def answers(port: int, timeout_s: float = 1.0) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout_s):
            return True
    except OSError:
        return False
