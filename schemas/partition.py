"""Which partition of a topic a key belongs to, as Kafka's own clients choose it: murmur2 of the key.

Rules of this file: an account's shard is the inbox partition that any Kafka client would choose for the
account's name; it never changes while the number of shards does not.
"""

from functools import lru_cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_R = 24
_MASK = 0xFFFFFFFF


@lru_cache(maxsize=100_000)
def shard_of(account: str, shards: int) -> int:
    """The shard that keeps this account."""
    return partition_of(account.encode(), shards)


def partition_of(key: bytes, partitions: int) -> int:
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Kafka's variant of the hash, as an unsigned 32-bit number."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for start in range(0, whole, 4):
        k = int.from_bytes(data[start : start + 4], "little") * _M & _MASK
        k = (k ^ k >> _R) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if length > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15
