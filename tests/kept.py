"""Recorded answers beside those of today, to the precision that processors agree on."""

import math


def require_kept(before, now, where=""):
    """Every value of `before` in `now`; keys may have been added.

    Libraries of linear algebra add in another order on another processor. What is computed step by step moves in its last digit
    then; where the least of a flat sum of squares lies, as of a fitted law, is known to the root of that only.
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
        relative, absolute = (1e-5, 1e-6) if ".law." in where else (1e-7, 1e-12)
        assert math.isclose(before, now, rel_tol=relative, abs_tol=absolute), f"{where}: {before}, now {now}"
    else:
        assert before == now, where
