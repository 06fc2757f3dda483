"""Whole numbers in groups of seven bits, lowest first, as both of our formats write them."""


def unsigned(number: int) -> bytes:
    """As ClickHouse writes lengths."""
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def signed(number: int) -> bytes:
    """A long as Avro writes it."""
    return unsigned((number << 1) ^ (number >> 63))
