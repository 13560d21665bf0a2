"""Random changes of the bytes of a file."""

from collections.abc import Callable, Sequence
from random import Random

TOKENS = (
    *(b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b'"', b",", b";", b"\t", b"..", b"../../secret"),
    *(b"/etc/passwd", b"NaN", b"-1", b"1e999", b"99999999999999999999", b"{}", b"[]", b"null", b"\xed\xa0\x80"),
    *(b"\xe2\x80\xae", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\xff\xff\xff\x7f", b"PK\x03\x04"),
    *(b"\x1f\x8b",),
)
SIZES = (1, 1, 1, 2, 4, 8, 16, 64, 256, 4096)


def flipped(content: bytes, random: Random) -> bytes:
    """Returns the content with a single bit flipped."""
    changed = bytearray(content)
    position = random.randrange(len(content))
    changed[position] ^= 1 << random.randrange(8)
    return bytes(changed)


def _set(content: bytes, start: int, end: int, random: Random) -> bytes:
    return content[:start] + random.randbytes(end - start) + content[end:]


def _insert(content: bytes, start: int, end: int, random: Random) -> bytes:
    return content[:start] + random.randbytes(end - start) + content[start:]


def _token(content: bytes, start: int, end: int, random: Random) -> bytes:
    return content[:start] + random.choice(TOKENS) + content[random.choice([start, end]) :]


def _delete(content: bytes, start: int, end: int, random: Random) -> bytes:
    return content[:start] + content[end:]


def _repeat(content: bytes, start: int, end: int, random: Random) -> bytes:
    return content[:end] + content[start:end] * random.choice([1, 1, 2, 100]) + content[end:]


def _truncate(content: bytes, start: int, end: int, random: Random) -> bytes:
    return content[:start]


def _zeros(content: bytes, start: int, end: int, random: Random) -> bytes:
    return content[:start] + random.choice([b"\0", b"\xff"]) * (end - start) + content[end:]


def _move(content: bytes, start: int, end: int, random: Random) -> bytes:
    rest, to = content[:start] + content[end:], random.randint(0, len(content) - (end - start))
    return rest[:to] + content[start:end] + rest[to:]


CHANGES: Sequence[Callable[[bytes, int, int, Random], bytes]] = (
    *(_set, _set, _insert, _token, _token, _delete, _repeat, _truncate, _zeros, _move),
)


def changed(content: bytes, random: Random, others: Sequence[bytes] = ()) -> bytes:
    """Returns the content after a few changes: bits flipped, bytes replaced, inserted, deleted, repeated, cut, moved.

    Sometimes its beginning is joined to the end of one of `others`.
    """
    if others and not random.randrange(12):
        other = random.choice(others)
        content = content[: random.randint(0, len(content))] + other[random.randint(0, len(other)) :]
    for _ in range(random.choice([1, 1, 1, 2, 3, 8])):
        if content and random.random() < 0.3:
            content = flipped(content, random)
            continue
        start = random.randint(0, len(content))
        end = min(len(content), start + random.choice(SIZES))
        content = random.choice(CHANGES)(content, start, end, random)
    return content
