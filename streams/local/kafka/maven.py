"""Where jars come from: Maven Central, or the mirror that this user's Maven settings name in its place.

Rules of this file: of `~/.m2/settings.xml` the mirrors count and the name and password of their servers;
`${env.NAME}` is replaced. A repository's password is never shown.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from xml.etree import ElementTree

CENTRAL = "https://repo.maven.apache.org/maven2"
ALL_OF_CENTRAL = ("*", "external:*", "central")


@dataclass(frozen=True, slots=True)
class Repository:
    """One Maven repository."""

    url: str
    """With the name and password where the settings have them."""

    @property
    def shown(self) -> str:
        """The address without its secrets."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class MavenError(Exception):
    """The user's Maven settings cannot be read; says where and what to do."""


def repository(environment: Mapping[str, str] = os.environ, home: Path | None = None) -> Repository:
    """The repository that stands for Maven Central."""
    path = (home or Path.home()) / ".m2" / "settings.xml"
    if not path.exists():
        return Repository(CENTRAL)
    try:
        root = ElementTree.fromstring(_with_variables(path.read_text("utf-8"), environment))
    except (ElementTree.ParseError, OSError, UnicodeDecodeError) as error:
        raise MavenError(f"{path} cannot be read: {error}; fix it or move it away") from error
    settings = _Settings(root)
    for mirror in settings.all("mirror"):
        if _stands_for_central(settings.text(mirror, "mirrorOf")) and settings.text(mirror, "url"):
            return Repository(settings.with_login(mirror))
    return Repository(CENTRAL)


class _Settings:
    """The parts of a settings file that matter, whatever namespace it was written in."""

    def __init__(self, root: ElementTree.Element) -> None:
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        self.root = root

    def all(self, tag: str) -> list[ElementTree.Element]:
        return list(self.root.iter(tag))

    @staticmethod
    def text(element: ElementTree.Element, tag: str) -> str:
        return (element.findtext(tag) or "").strip()

    def with_login(self, mirror: ElementTree.Element) -> str:
        """The mirror's address; a name and password of the server with its id go into it."""
        url = self.text(mirror, "url").rstrip("/")
        for server in self.all("server"):
            name = self.text(server, "username")
            if name and self.text(server, "id") == self.text(mirror, "id"):
                parts = urlsplit(url)
                login = f"{quote(name, safe='')}:{quote(self.text(server, 'password'), safe='')}"
                return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
        return url


def _stands_for_central(mirror_of: str) -> bool:
    """Whether a mirror's pattern takes in `central`; `!central` takes it out again."""
    patterns = [each.strip() for each in mirror_of.split(",")]
    return "!central" not in patterns and any(each in ALL_OF_CENTRAL for each in patterns)


def _with_variables(text: str, environment: Mapping[str, str]) -> str:
    return re.sub(r"\$\{env\.(\w+)\}", lambda found: environment.get(found[1], ""), text)
