"""Which of the dictionaries in a checkpoint are a network's weights, and what wrappers put before their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from scaling.weights.errors import WeightsError
from scaling.weights.naming import roots_of
from scaling.weights.unpickle import Tensor

AVERAGED = ("state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "params_ema", "ema")
"""Entries in which trainings keep the running average of the weights, which is what they are judged by."""

CONTAINERS = (*AVERAGED, "state_dict", "model", "model_state_dict", "model_state", "params")
"""Entries of checkpoints that hold a state dict; the first of them that does is read, as in timm."""

_WRAPPERS = ("module", "_orig_mod")  # torch's, for several devices and for compiled networks
_COUNT = "n_averaged"  # beside the weights that torch.optim.swa_utils averaged
_DEEPEST = 2
_NAMED = 6  # entries that a message repeats


class Entry(NamedTuple):
    """A dictionary of tensors inside a checkpoint.

    Attributes:
        path: of keys that lead to it; empty where it is the whole file.
        tensors: by name.
    """

    path: tuple[str, ...]
    tensors: dict[str, Tensor]

    @property
    def name(self) -> str:
        """For messages."""
        return ".".join(self.path)

    @property
    def is_state_dict(self) -> bool:
        """Whether it looks like one: an accuracy or a step count has no two dimensions, weights have."""
        return any(len(tensor.size) > 1 for tensor in self.tensors.values())


class Root(NamedTuple):
    """What is before the names of a network's tensors.

    Attributes:
        prefix: that was removed, empty if none.
        names: of the network's tensors, as they were before, by what they are now.
        left_out: names of tensors that are not the network's.
    """

    prefix: str
    names: dict[str, str]
    left_out: tuple[str, ...]


def chosen_entry(found: Any) -> tuple[Entry, tuple[str, ...]]:
    """The state dict in what a checkpoint holds, and the names of others that were not taken.

    One in an entry of `CONTAINERS` comes first, then the whole file, then the only one there is.

    Raises:
        WeightsError: there is none, or there are several and none is known to be the right one; the message names them.
    """
    entries = list(_entries(found))
    several = [entry for entry in entries if entry.is_state_dict]
    ranked = [
        (not entry.is_state_dict, CONTAINERS.index(entry.path[0]), len(entry.path), entry)
        for entry in entries
        if entry.path and entry.path[0] in CONTAINERS and (len(entry.path) == 1 or entry.is_state_dict)
    ]
    if ranked:
        best = min(rank[:3] for rank in ranked)
        first = [entry for *rank, entry in ranked if tuple(rank) == best]
    else:
        first = [entry for entry in several if not entry.path] or _shallowest(several) or entries[:1]
    if not first:
        raise WeightsError(f"holds no tensors by name, as a state dict does{_what_there_is(found)}")
    if len(first) > 1:
        names = ", ".join(f"{entry.name} ({len(entry.tensors)} tensors)" for entry in first[:_NAMED])
        raise WeightsError(f"holds {len(first)} state dicts: {names}; save by itself the one to be read")
    return first[0], tuple(entry.name for entry in several if entry.path and entry is not first[0])


def _shallowest(entries: list[Entry]) -> list[Entry]:
    depth = min((len(entry.path) for entry in entries), default=0)
    return [entry for entry in entries if len(entry.path) == depth]


def _entries(found: Any) -> Iterator[Entry]:
    """Every dictionary with tensors down to some depth, the shallow first, each once; an optimizer's are not weights."""
    level: list[tuple[tuple[str, ...], dict[Any, Any]]] = [((), found)] if isinstance(found, dict) else []
    seen: set[int] = set()
    for _ in range(_DEEPEST + 1):
        below: list[tuple[tuple[str, ...], dict[Any, Any]]] = []
        for path, held in level:
            if id(held) in seen or (path and path[0].startswith("optim")):
                continue
            seen.add(id(held))
            words = [(name, item) for name, item in held.items() if isinstance(name, str)]
            if tensors := {name: item for name, item in words if isinstance(item, Tensor)}:
                yield Entry(path, tensors)
            below += [((*path, name), item) for name, item in words if isinstance(item, dict)]
        level = below


def _what_there_is(found: Any) -> str:
    keys = [str(key)[:40] for key in found if isinstance(key, str | int)] if isinstance(found, dict) else []
    more = ", ..." if len(keys) > _NAMED else ""
    return f"; its entries are {', '.join(keys[:_NAMED])}{more}" if keys else ""


def rooted(names: Iterable[str]) -> Root:
    """The names of a network's tensors without what wrappers and other modules put before them.

    Wrappers of torch are removed wherever they are; what else all tensors of the network have before their names is removed
    where the file holds one network, or one that is an average of the others.

    Raises:
        WeightsError: the file holds several networks, and none is known to be the right one; the message names them.
    """
    plain = _without_wrappers([name for name in names if name != _COUNT])
    roots = roots_of(plain)
    if "" in roots or not roots:
        return Root("", plain, ())
    averaged = [root for root in roots if any(part in AVERAGED for part in root.split("."))]
    if len(chosen := averaged or roots) > 1:
        raise WeightsError(f"holds {len(roots)} networks, named {', '.join(roots[:_NAMED])}; save by itself the one to be read")
    prefix = chosen[0]
    inside = {name.removeprefix(prefix): before for name, before in plain.items() if name.startswith(prefix)}
    return Root(prefix, inside, tuple(before for name, before in plain.items() if not name.startswith(prefix)))


def _without_wrappers(names: list[str]) -> dict[str, str]:
    """Names as they are by names without wrappers; without a change where two would become one."""
    short = {".".join(part for part in name.split(".") if part not in _WRAPPERS) or name: name for name in names}
    return short if len(short) == len(names) else {name: name for name in names}


def remarks(entry: str, others: tuple[str, ...], root: Root) -> Iterator[str]:
    """Lines that say which weights of a file are read, where it holds more than those."""
    if others:
        words = " (averaged weights)" if entry.split(".")[0] in AVERAGED else ""
        chosen = f"its entry {entry}{words} is read" if entry else "the tensors at its top are read"
        yield f"{chosen}, not {', '.join(others[:_NAMED])}"
    if root.left_out:
        count = len(root.left_out)
        yield f"the tensors in {root.prefix[:-1]} are read, not the {count} outside it, such as {root.left_out[0]}"
