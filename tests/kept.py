"""Recorded answers beside those of today, to the precision that processors agree on."""

import math


def require_kept(before, now, where=""):
    """Every value of `before` in `now`; keys may have been added.

    Libraries of linear algebra add in another order on another processor, which moves the last digits.
    """
    if isinstance(before, dict):
        assert isinstance(now, dict), where
        for key, value in before.items():
            assert key in now, f"{where}.{key} is gone"
            require_kept(value, now[key], f"{where}.{key}")
    elif isinstance(before, list):
        assert isinstance(now, list), where
        assert len(before) == len(now), where
        for index, pair in enumerate(zip(before, now, strict=True)):
            require_kept(*pair, f"{where}[{index}]")
    elif isinstance(before, float):
        assert math.isclose(before, now, rel_tol=1e-9, abs_tol=1e-12), f"{where}: {before}, now {now}"
    else:
        assert before == now, where
