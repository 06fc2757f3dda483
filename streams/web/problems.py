"""What is wrong with a request, told as RFC 9457 has it: application/problem+json."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class RefusedError(Exception):
    """A request that is not let in; the detail says what to do."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def problem(status: int, title: str, detail: str, **more: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def response(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    body = orjson.dumps(problem(status, title, detail, **more))
    return Response(body, status, headers, MEDIA_TYPE)


def refusal(error: RefusedError, instance: str) -> Response:
    """The answer to a request that is not let in."""
    return response(
        error.status, HTTPStatus(error.status).phrase, error.detail, error.headers, instance=instance
    )
