"""Damaged, odd and hostile input, made by Hypothesis; one law: success, or one line and status 2, and nothing damaged.

A fixed seed and some seconds in every run of the tests; `pytest tests/fuzz --fuzz 10000 -p no:xdist` tries that many
cases of each, from seeds of their own.
"""

import contextlib
import io
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings


@pytest.fixture(scope="session")
def cases(request):
    """How many cases each test tries, for Hypothesis."""
    asked = request.config.getoption("--fuzz")
    return settings(
        max_examples=asked or 25,
        derandomize=asked is None,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="session")
def obeys():
    """A function that runs a command's `main` and checks the law: obeys(main, words) -> its status."""

    def run(main, words):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main([str(word) for word in words])
            except SystemExit as stop:  # argparse ends so
                status = stop.code
        assert status in (0, 1, 2), (status, err.getvalue())
        if status == 2:
            lines = [line for line in err.getvalue().splitlines() if ": error: " in line]
            assert len(lines) == 1, err.getvalue()
        assert "Traceback" not in err.getvalue()
        return status

    return run


def _edited(content, seed):
    """Bytes with some of them changed, cut, doubled, moved or made by chance."""
    chance = random.Random(seed)
    edited = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(edited) + 1)
        stop = min(len(edited), at + chance.choice((1, 1, 2, 4, 16, 200)))
        match chance.randrange(7):
            case 0:
                del edited[at:stop]
            case 1:
                edited[at:at] = edited[at:stop]
            case 2:
                edited[at:stop] = chance.randbytes(stop - at)
            case 3:
                del edited[at:]
            case 4:
                edited[at:at] = chance.randbytes(stop - at)
            case 5:
                edited[at:stop] = bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF))]) * (stop - at)
            case 6:
                for place in range(at, stop):
                    edited[place] ^= 1 << chance.randrange(8)
    return bytes(edited)


@pytest.fixture(scope="session")
def edited():
    """`edited(content, seed)`: damaged bytes."""
    return _edited


_ODD = (
    *(None, True, False, 0, -1, 1, 2, 3, 1e-300, 1e308, 0.5, -0.0, 2**63, 10**400),
    *("", "x", "0", "\x00", "é", "$", [], [[]], {}, {"": 0}),
)


def _edited_value(value, chance):
    """Plain data with one or several of its values, keys or lengths changed."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        match chance.randrange(6):
            case 0:
                return {one: own for one, own in value.items() if one != key}
            case 1:
                return {**value, chance.choice(("", "x", key + "s", "seed", "phi", "é")): chance.choice(_ODD)}
            case _:
                return {**value, key: _edited_value(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        match chance.randrange(4):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value, value[at]]
            case _:
                return [*value[:at], _edited_value(value[at], chance), *value[at + 1 :]]
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 and chance.random() < 0.6:
        return chance.choice((value + 1, -value, value * 10, value / 3, value * 1.0001, float(value), str(value)))
    return chance.choice(_ODD)


@pytest.fixture(scope="session")
def edited_value():
    """`edited_value(value, seed)`: plain data of which something is changed."""

    def edit(value, seed):
        chance = random.Random(seed)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            value = _edited_value(value, chance)
        return value

    return edit


@pytest.fixture(scope="session")
def contents():
    """`contents(folder)`: every file under a folder with its bytes."""

    def read(folder):
        return {path: path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}

    return read
