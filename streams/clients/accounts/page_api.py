"""What the page of the instance in the home knows already, asked over its API.

Rules of this file: where there is no page, or it does not answer at once, or asks for a token, there is None:
the same can be read from Kafka.
"""

from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import orjson

from streams.local.machine.home import WEB, Home
from streams.transport.kafka.cluster import BOOTSTRAP, ClusterError

ANSWER_S = 2.0
OK, NOT_FOUND = 200, 404
PAGE = 500


class PageAwayError(Exception):
    """It does not answer, or not that."""


class PageApi:
    """A page of this machine."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = HTTPConnection(host, port, timeout=ANSWER_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str, **asked: object) -> Any:
        """None: there is no such thing."""
        more = urlencode({name: value for name, value in asked.items() if value})
        try:
            self._connection.request("GET", f"{path}?{more}" if more else path)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as error:
            raise PageAwayError(str(error)) from error
        if answer.status not in (OK, NOT_FOUND):
            raise PageAwayError(f"it answers {answer.status}")
        return orjson.loads(body) if answer.status == OK else None

    def each(self, path: str, **asked: object) -> Iterator[dict[str, Any]]:
        """A list, page after page, as far as it is wanted."""
        cursor = None
        while True:
            page = self.get(path, limit=PAGE, cursor=cursor, **asked)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return


def page_api(environment: Mapping[str, str]) -> PageApi | None:
    """That of the instance which is meant: who names a cluster means that one."""
    if environment.get(BOOTSTRAP, "").strip():
        return None
    try:
        instance = Home.from_environment(environment).instance()
    except ClusterError:
        return None
    url = urlsplit(instance.endpoints.get(WEB, "")) if instance is not None else urlsplit("")
    if url.scheme != "http" or url.hostname is None or url.port is None:
        return None
    return PageApi(url.hostname, url.port)
