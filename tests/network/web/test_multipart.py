"""Messages of many parts: byte for byte, and never a part that was cut off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.network.web.multipart import (
    CutOff,
    FileParts,
    TooLong,
    boundary_of,
    parts_of,
)

MOST = 10_000


def chunked(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def message(bodies: list[bytes]) -> bytes:
    """As RFC 2046 has it, with a preamble and an epilogue that count for nothing."""
    head = b"\r\n--bd\r\nContent-Type: application/dicom\r\n\r\n"
    return b"said before" + b"".join(head + one for one in bodies) + b"\r\n--bd--after"


@given(
    st.lists(st.binary(max_size=60).filter(lambda x: b"\r\n--bd" not in x), max_size=4),
    st.integers(1, 50),
)
def test_parts_are_the_same_however_they_come(bodies: list[bytes], size: int) -> None:
    assert list(parts_of(chunked(message(bodies), size), b"bd", MOST)) == bodies


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_cut_off_is_no_part(size: int) -> None:
    bodies = [b"first" * 9, b"second" * 9]
    whole = message(bodies)
    second = whole.index(b"\r\n--bd", whole.index(b"first")) + len(b"\r\n--bd\r\n")
    for length in range(len(whole) - len(b"--after")):
        came: list[bytes] = []
        with pytest.raises(CutOff):
            came.extend(parts_of(chunked(whole[:length], size), b"bd", MOST))
        # The first is whole once a line of the message has ended it.
        assert came == (bodies[:1] if length >= second else []) or length >= second - 2


def test_a_part_that_says_another_length_is_refused() -> None:
    said = b"--bd\r\nContent-Length: 9\r\n\r\nshort\r\n--bd--"
    with pytest.raises(CutOff, match="shorter or longer than it says"):
        list(parts_of([said], b"bd", MOST))
    right = said.replace(b"9", b"5")
    assert list(parts_of([right], b"bd", MOST)) == [b"short"]


def test_a_part_without_end_does_not_fill_the_memory() -> None:
    def endless() -> Iterator[bytes]:
        yield b"--bd\r\n\r\n"
        while True:
            yield bytes(50_000)

    with pytest.raises(TooLong, match=r"over 0.01 MB"):
        list(parts_of(endless(), b"bd", MOST))


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', b"abc"),
        ('Multipart/Related;BOUNDARY="a;b c";type=x', b"a;b c"),
        ("multipart/related", None),
        ("text/html; boundary=abc", None),
    ],
)
def test_boundaries_as_servers_write_them(
    content_type: str, boundary: bytes | None
) -> None:
    assert boundary_of(content_type) == boundary


def test_files_are_announced_with_their_length_and_read_again(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path, data in zip(paths, (b"\r\n--\0" * 9, b""), strict=True):
        path.write_bytes(data)
    parts = FileParts(paths, [path.stat().st_size for path in paths])
    once, again = b"".join(parts), b"".join(parts)
    assert once == again
    assert len(once) == len(parts)
    boundary = boundary_of(parts.content_type)
    assert boundary is not None
    came = list(parts_of([once], boundary, MOST))
    assert came == [path.read_bytes() for path in paths]
    paths[0].write_bytes(b"shorter")
    with pytest.raises(CutOff, match="a changed while it was sent"):
        b"".join(parts)
    paths[0].unlink()
    with pytest.raises(CutOff, match="a cannot be read: No such file"):
        b"".join(parts)
