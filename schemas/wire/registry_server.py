"""A schema registry's server, asked over HTTP: the protocol of Confluent's, which others speak too.

Rules of this file: a name and a password may stand in the URL, and are never shown. A server that does not
answer, or says that it cannot, is a RegistryError.
"""

import base64
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from schemas.errors import RegistryError

ANSWER_S = 10
JSON = "application/vnd.schemaregistry.v1+json"
UNKNOWN = 404
EXAMPLE = "a URL such as https://registry.example:8081"


class RegistryServer:
    """One server."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url.rstrip("/"))
        except ValueError as error:
            raise RegistryError(f"{url} is no address of a registry: {error}; expected {EXAMPLE}") from error
        credentials, _, place = parts.netloc.rpartition("@")
        self.url = urlunsplit(parts._replace(netloc=place))
        """Without its secrets."""
        self._headers = {"Accept": "application/json", "Content-Type": JSON}
        if credentials:
            told = base64.b64encode(unquote(credentials).encode()).decode()
            self._headers["Authorization"] = f"Basic {told}"

    def get(self, path: str) -> Any:
        """The JSON there; None where there is none."""
        return self._ask("GET", path, None)

    def post(self, path: str, document: object) -> Any:
        """What it answers; None where nothing takes this."""
        return self._ask("POST", path, json.dumps(document).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        url = f"{self.url}{path}"
        try:
            request = urllib.request.Request(url, body, self._headers, method=method)
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                said = _message(error.read())
            if error.code == UNKNOWN:
                return None
            raise RegistryError(f"{url} answered {error.code}{said}") from error
        except (OSError, ValueError) as error:
            raise RegistryError(f"{url} does not answer: {error}") from error


def _message(body: bytes) -> str:
    """What a registry says of its own refusal."""
    try:
        return f": {json.loads(body)['message']}"
    except (ValueError, KeyError, TypeError):
        return ""
