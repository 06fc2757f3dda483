"""Certificates for one run, made by openssl."""

import subprocess
from pathlib import Path


class Certificates:
    """An authority, and what it says of the broker and of a client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._openssl("req", "-x509", *_new_key("ca"), "-subj", "/CN=ghosts", "-days", "2", "-out", "ca.pem")
        self._sign("broker", "subjectAltName=IP:127.0.0.1")
        self._sign("client", "extendedKeyUsage=clientAuth")
        (folder / "store.pem").write_text(self._read("broker.key") + self._read("broker.pem"), "ascii")

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text("ascii")

    def _sign(self, who: str, extension: str) -> None:
        (self.folder / "extension").write_text(extension, "ascii")
        self._openssl("req", *_new_key(who), "-subj", f"/CN={who}", "-out", "request")
        authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        wanted = ["-in", "request", "-extfile", "extension", "-out", f"{who}.pem"]
        self._openssl("x509", "-req", "-days", "2", *authority, *wanted)

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


def _new_key(who: str) -> list[str]:
    return ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{who}.key"]
