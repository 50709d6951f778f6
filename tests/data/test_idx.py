import gzip

import numpy as np
import pytest

from scaling.data import DataError
from scaling.data.idx import read

NUMBERS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
HEAD = bytes([0, 0, 8, 1, 0, 0, 0, 3])


@pytest.mark.parametrize("name", ["three-axes", "three-axes.gz"])
def test_reads_plain_and_compressed(idx_files, name):
    np.testing.assert_array_equal(read(idx_files(NUMBERS, name)), NUMBERS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"not an IDX file of unsigned bytes \(it begins with nothing\)"),
        (b"\x89PNG and so on", r"not an IDX file of unsigned bytes \(it begins with 89 50 4e 47\)"),
        (bytes([0, 0, 0x0D, 1, 0, 0, 0, 1]) + bytes(4), "not an IDX file of unsigned bytes"),  # floats
        (bytes([0, 0, 8, 0, 1]), "not an IDX file of unsigned bytes"),
        (HEAD[:6], "after 8 of head, got 0"),
        (HEAD + b"ab", "must hold 3 bytes after 8 of head, got 2"),
        (HEAD + b"abcd", "must hold 3 bytes after 8 of head, got 4"),
        (gzip.compress(HEAD + b"abc", mtime=0)[:-9], "cannot be unpacked, it is cut off or damaged"),
        (gzip.compress(HEAD + b"abc", mtime=0)[:-1] + b"x", "cannot be unpacked"),
        (b"\x1f\x8b is no gzip", "cannot be unpacked"),
        (gzip.compress(HEAD, mtime=0)[:10] + bytes(range(60)), "cannot be unpacked"),
    ],
)
def test_refuses(tmp_path, content, message):
    (tmp_path / "numbers").write_bytes(content)
    with pytest.raises(DataError, match=f"numbers: .*{message}"):
        read(tmp_path / "numbers")


def test_refuses_what_it_cannot_open(tmp_path):
    with pytest.raises(DataError, match="absent: cannot be read: No such file or directory"):
        read(tmp_path / "absent")


@pytest.mark.parametrize(
    "head", [bytes([0, 0, 8, 200]) + 200 * bytes([0, 0, 0, 1]) + b"x", bytes([0, 0, 8, 3]) + bytes(4) + 8 * b"\xff"]
)
def test_heads_that_no_array_has(tmp_path, head):
    path = tmp_path / "images"
    path.write_bytes(head)
    try:
        assert 0 in read(path).shape
    except DataError as error:
        told = str(error)
        assert "not an IDX file" in told
