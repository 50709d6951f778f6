"""Files of MATLAB as scipy writes them, whole and damaged."""

import struct
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from scaling.data import DataError
from scaling.data.matlab import table

TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def file(tmp_path, request):
    arrays = {f"of_{kind}": np.arange(12, dtype=kind).reshape(3, 4) for kind in TYPES}
    odd = {"text": "words", "cell": np.array([1, "a"], object), "record": {"a": 1}, "complex": np.array([1j])}
    savemat(tmp_path / "all.mat", {**odd, **arrays}, do_compression=request.param)
    return tmp_path / "all.mat"


@pytest.mark.parametrize("kind", TYPES)
def test_tables_are_those_that_scipy_reads(file, kind):
    found = table(file, f"of_{kind}")
    assert found.dtype == np.dtype(kind)
    np.testing.assert_array_equal(found, loadmat(file)[f"of_{kind}"].ravel(order="F"))


def test_the_other_order_of_bytes(tmp_path):
    matrix = b"".join(
        struct.pack(f">II{len(part)}s", kind, len(part), part) + bytes(-len(part) % 8)
        for kind, part in (
            (6, struct.pack(">II", 9, 0)),
            (5, struct.pack(">ii", 1, 3)),
            (1, b"n"),
            (4, struct.pack(">3H", 1, 2, 770)),
        )
    )
    (tmp_path / "big.mat").write_bytes(
        b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI" + struct.pack(">II", 14, len(matrix)) + matrix
    )
    assert table(tmp_path / "big.mat", "n").tolist() == [1, 2, 770]
    assert loadmat(tmp_path / "big.mat")["n"].tolist() == [[1, 2, 770]]


@pytest.mark.parametrize("name", ["absent", "text", "cell", "record", "of_u"])
def test_what_is_no_table_is_none(file, name):
    assert table(file, name) is None


def test_damage_is_one_line(file):
    content = file.read_bytes()
    random = np.random.default_rng(0)
    damaged = [content[:126], b"", bytes(200), content[:-9], b"\x89HDF" + content]
    for _ in range(2000):
        spoilt = bytearray(content)
        for place in random.integers(124, len(content), 3):
            spoilt[place] = random.integers(256)
        damaged.append(bytes(spoilt))
    refused = []
    for one in damaged:
        file.write_bytes(one)
        try:
            table(file, "of_u2")
        except DataError as error:
            refused.append(str(error))
    assert len(refused) > 200
    assert set(refused) == {f"{file}: no whole file of MATLAB 5 to 7; fetch it again"}


def test_a_bomb_is_refused(tmp_path):
    packed = zlib.compress(bytes(2**26 + 1), 9)
    (tmp_path / "bomb.mat").write_bytes(bytes(124) + b"\x00\x01IM" + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(DataError, match="no whole file of MATLAB"):
        table(tmp_path / "bomb.mat", "labels")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        table(tmp_path, "labels")
