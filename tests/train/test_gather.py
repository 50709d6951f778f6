"""Rows gathered into memory that is used again: never while somebody still reads it."""

import gc

import jax
import numpy as np
import pytest

from scaling.core.errors import UserError
from scaling.train.gather import ALIGNMENT, Gather

SHAPE = (40, 6, 6, 3)


def pixels(seed=0):
    return np.random.default_rng(seed).integers(0, 256, SHAPE, np.uint8)


@pytest.fixture
def mapped(tmp_path):
    file = tmp_path / "pixels.u8"
    pixels().tofile(file)
    return np.memmap(file, np.uint8, "r", shape=SHAPE)


def test_rows_of_memory_of_a_file_and_of_a_part_of_it(mapped):
    gather, rows = Gather(), np.array([3, 0, 9, 3, 19])
    whole = pixels()
    for array, expected in (
        (whole, whole),
        (whole[:, ::2], whole[:, ::2]),
        (mapped, whole),
        (mapped[20:], whole[20:]),
        (mapped[10:][5:], whole[15:]),
        (np.asarray(mapped[20:]), whole[20:]),
        (mapped[:, ::2], whole[:, ::2]),
    ):
        assert np.array_equal(gather(array, rows), expected[rows])
    assert np.array_equal(gather(whole, rows[:1]), whole[3:4])


def test_memory_is_used_again_once_nothing_refers_to_it_nor_to_a_part_of_it():
    gather, rows, array = Gather(), np.arange(8), pixels()
    first = gather(array, rows)
    place = first.ctypes.data
    part = first[2:4, 1:][::-1]
    expected = part.copy()
    del first
    other = gather(array, rows + 8)
    assert other.ctypes.data != place
    assert np.array_equal(part, expected)
    del part
    gc.collect()
    assert gather(array, rows).ctypes.data == place


def test_a_device_reads_what_it_was_given_however_late_it_reads():
    """A CPU reads the kept memory itself: it must not be filled again before."""
    gather, array = Gather(), pixels()
    slow = jax.jit(lambda images, weights: (weights @ weights).sum() * 0 + images.astype(np.float32).sum())
    weights = np.ones((1500, 1500), np.float32)
    pending = []
    for start in range(0, 32, 4):
        rows = np.arange(start, start + 8)
        pending.append((slow(jax.device_put(gather(array, rows)), weights), array[rows].sum()))
    assert all(float(found) == expected for found, expected in pending)


def test_a_cpu_reads_the_memory_itself():
    gathered = Gather()(pixels(), np.arange(8))
    assert gathered.ctypes.data % ALIGNMENT == 0
    on_device = jax.device_put(gathered)
    if jax.default_backend() == "cpu":
        assert on_device.unsafe_buffer_pointer() == gathered.ctypes.data


def test_a_store_that_is_gone_or_cut_short_is_one_line(mapped, tmp_path):
    file = tmp_path / "pixels.u8"
    with file.open("r+b") as opened:
        opened.truncate(30 * 108)
    with pytest.raises(UserError, match=r"pixels.u8: ends before stored image 33; the same command stores the images anew"):
        Gather()(mapped, np.array([1, 32]))
    file.unlink()
    with pytest.raises(UserError, match=r"pixels.u8: stored images cannot be read: No such file"):
        Gather()(mapped, np.array([1]))
