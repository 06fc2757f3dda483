"""Adds records of new versions to `stored.json`; leaves those that are there alone."""

import json
from pathlib import Path
from typing import Any

from schemas.catalog import catalog
from schemas.codec import Codec
from schemas.kinds import key_of

FILE = Path(__file__).parent / "stored.json"


def main() -> None:
    stored: list[dict[str, Any]] = json.loads(FILE.read_text()) if FILE.exists() else []
    known = {(record["message"], record["version"]) for record in stored}
    codec = Codec()
    for topic in catalog().topics.values():
        for example in topic.examples:
            version = catalog().schemas.current(example.message).version
            if (example.message, version) in known:
                continue
            message = codec.read_json(example.message, dict(example.value))
            stored.append(
                {
                    "message": example.message,
                    "version": version,
                    "topic": topic.name,
                    "key": key_of(message).hex(),
                    "value": codec.encode(message).hex(),
                    "means": codec.write_json(message),
                }
            )
    FILE.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
