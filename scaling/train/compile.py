"""Programs compiled once: traced and compiled the first time, then read from the disk, in this process and later ones.

Two things are kept in one folder. The traced program, as the serialised StableHLO of `jax.export`, under a key of what it
is made from: so that neither tracing nor lowering happens again. And what XLA made of it, by JAX's own persistent
compilation cache, under a key of the program, the compiler's version, its options and the machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import hashlib
import importlib.metadata
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import platformdirs
import scipy.linalg  # noqa: F401  jax.export loads it at its first program, a third of the time a stored one takes to start
from jax.experimental.compilation_cache import compilation_cache

from scaling.core.errors import UserError
from scaling.core.files import atomic_write

_CPU_OPTIONS = {
    # Sums by the YNN library, matrix products by Eigen: YNN multiplies by a transposed matrix on one core.
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE",
}
_SOURCES = ("arch", "nets", "train", "recipe")
"""What of the package decides what a program is."""

_TRACED_SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision", "jax_default_prng_impl", "jax_threefry_partitionable")
"""What of JAX's configuration goes into a traced program."""


_REMOTE = ("gs", "s3")
"""Kinds of addresses that JAX's own cache takes, with a package installed for them."""

_TRACING = threading.Lock()
"""Python traces for one thread at a time in any case, and its collector is switched for all of them."""


class Program:
    """A compiled program: a function of trees of arrays, in the structure it was compiled for."""

    def __init__(self, executable: Any, result: Any) -> None:
        self._executable = executable
        self._result = result

    def __call__(self, *arguments: Any) -> Any:
        """Run it on its device."""
        return jax.tree.unflatten(self._result, self._executable(*jax.tree.leaves(arguments)))


def enable_cache() -> None:
    """Keep compiled programs on disk from here on, in the user's cache folder, unless JAX has been given a folder already.

    `JAX_COMPILATION_CACHE_DIR` names another folder, `JAX_ENABLE_COMPILATION_CACHE=0` keeps none.

    Raises:
        UserError: that is an address of a kind that JAX cannot write to.
    """
    if not setting("jax_enable_compilation_cache"):
        return
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    if given := setting("jax_compilation_cache_dir"):
        scheme, separator, _ = str(given).partition("://")
        if separator and scheme not in _REMOTE:
            raise UserError(f"JAX_COMPILATION_CACHE_DIR={given}: must be a folder, or begin with gs:// or s3://")
        if str(given).startswith("~"):  # JAX would make a folder of that name here
            jax.config.update("jax_compilation_cache_dir", os.path.expanduser(given))
            compilation_cache.reset_cache()
        return
    # Without a home, or with one that cannot be written to, everything is compiled anew each time. Users of containers often
    # have a number and no name: platformdirs and pathlib say that by a RuntimeError, other releases by a KeyError.
    with contextlib.suppress(OSError, RuntimeError, KeyError):
        folder = platformdirs.user_cache_path("compound-scaling")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # programs are loaded as they are: nobody else may write here
        jax.config.update("jax_compilation_cache_dir", str(folder))
        compilation_cache.reset_cache()  # it settles on its folder at the first compilation of the process


@contextlib.contextmanager
def uncached() -> Iterator[None]:
    """Within it JAX compiles everything anew: its compilation cache is neither read nor filled."""
    before = setting("jax_enable_compilation_cache")
    _enable(False)
    try:
        yield
    finally:
        _enable(before)


def _enable(cache: bool) -> None:
    jax.config.update("jax_enable_compilation_cache", cache)
    compilation_cache.reset_cache()  # it settles on its use at the first compilation of the process


def compiled(name: str, inputs: Any, make: Callable[[], Any], arguments: Any, result: Any, donated: Any = ()) -> Program:
    """A program, traced, compiled and loaded, as far as that is not on the disk already.

    Args:
        name: what it does.
        inputs: what it is made from, as something `json.dumps` takes; equal inputs must give equal programs.
        make: gives the function of `arguments`, called only where the program must be traced.
        arguments: tuple of trees of abstract arrays.
        result: a tree in the structure of the function's result.
        donated: the first of the arguments whose memory the result may take.
    """
    leaves, structure = jax.tree.flatten(arguments)
    donate = tuple(range(len(jax.tree.leaves(donated))))

    def trace() -> bytes:
        function = make()

        def flat(*leaves: Any) -> list[Any]:
            return jax.tree.leaves(function(*jax.tree.unflatten(structure, leaves)))

        return bytes(jax.export.export(jax.jit(flat, donate_argnums=donate))(*leaves).serialize())

    shapes = [[list(leaf.shape), str(leaf.dtype)] for leaf in leaves]
    with _TRACING, _uncollected():
        exported = _stored(_key(name, inputs, shapes), trace)
        lowered = jax.jit(exported.call, donate_argnums=donate).lower(*leaves)
    executable = compile_lowered(lowered)
    _give_back_memory()
    return Program(executable, jax.tree.structure(result))


def compile_lowered(lowered: Any) -> Any:
    """A lowered program (`jax.jit(...).lower(...)`), compiled with the options that are fastest on its device."""
    if jax.default_backend() != "cpu":
        return lowered.compile()
    flags = os.environ.get("XLA_FLAGS", "")
    try:
        return lowered.compile(compiler_options={name: value for name, value in _CPU_OPTIONS.items() if name not in flags})
    except jax.errors.JaxRuntimeError as error:
        if "compile option" not in str(error) and "enum value" not in str(error):
            raise
        return lowered.compile()  # a release of XLA that has dropped or renamed an option


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's cycle collector: tracing makes objects by the hundred thousand and nearly all of them stay."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _give_back_memory() -> None:
    """Return to the system what the compiler has freed; glibc would keep it, half a gigabyte after EfficientNet-B0."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc only
        if trim is not None:
            trim(0)


def _stored(key: str, trace: Callable[[], bytes]) -> Any:
    folder = setting("jax_compilation_cache_dir")
    # JAX itself may keep programs in a bucket, by its own libraries; traced ones are kept on this machine's disk or not at all.
    if not (folder and setting("jax_enable_compilation_cache")) or "://" in str(folder):
        return jax.export.deserialize(bytearray(trace()))
    path = Path(folder) / "traced" / f"{key}.stablehlo"
    try:
        return jax.export.deserialize(bytearray(path.read_bytes()))
    except Exception:  # absent, unreadable, damaged or of another release: made anew, whatever it was
        content = trace()
    with contextlib.suppress(OSError):  # without room or rights the program is traced again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, content)
    return jax.export.deserialize(bytearray(content))


def setting(name: str) -> Any:
    """What JAX's configuration has under a name, in this thread."""
    return getattr(jax.config, name)


def default_device() -> Any:
    """The device that this thread computes on."""
    return setting("jax_default_device") or jax.local_devices()[0]


def _key(name: str, inputs: Any, shapes: Any) -> str:
    content = [name, inputs, shapes, jax.default_backend(), origin(), [str(setting(one)) for one in _TRACED_SETTINGS]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def origin() -> list[str]:
    """Versions of the libraries and a digest of the source that programs are made by."""
    versions = [importlib.metadata.version(name) for name in ("jax", "jaxlib", "flax", "optax")]
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for room in _SOURCES:
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return [*versions, digest.hexdigest()]
