"""Names that people give, and those that there are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_MOST = 3  # suggestions
_NEAR = 0.6  # of two names that are alike, between 0 and 1


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The end of a message about a name that there is not: `; did you mean ...?`, empty where no known name is near.

    Names of other libraries count as near: `efficientnet-b0`, `EfficientNet_B0`, `tf_efficientnet_b0`, `b0`, and what has a
    tag, as `efficientnet_b0.ra_in1k`.

    >>> did_you_mean("EfficientNet-B0", ["efficientnet_b0", "resnet50"])
    '; did you mean efficientnet_b0?'
    >>> did_you_mean("horse", ["efficientnet_b0", "resnet50"])
    ''
    """
    if not isinstance(name, str) or not name:
        return ""
    near = _near(name, {_letters(one): one for one in reversed(list(known))})
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _near(name: str, known: dict[str, str]) -> list[str]:
    base = name.split(".")[0].removeprefix("tf_")
    for form in (_letters(name), _letters(base)):
        if form in known:
            return [known[form]]
    last = [
        one for one in reversed(known.values()) if len(base) > 1 and re.split(r"[_\W]", one.casefold())[-1] == base.casefold()
    ]
    if last:
        return last[:_MOST]
    return [known[form] for form in difflib.get_close_matches(_letters(base), known, _MOST, _NEAR)]


def _letters(name: str) -> str:
    return re.sub(r"[_\W]", "", name.casefold())
