"""One compiled network after another, timed at inference on the default device; and what the device can do at most."""

from __future__ import annotations

import contextlib
import gc
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from scaling.arch import Architecture
from scaling.core.errors import UserError
from scaling.core.machine import memory_bytes
from scaling.core.names import did_you_mean
from scaling.count.cost import cost
from scaling.nets import ModelConfig, abstract, build
from scaling.profile.profile import NUMBER_BYTES, Measured, Profile, Spread
from scaling.profile.roofline import DeviceLimits
from scaling.train.compile import compile_lowered, uncached
from scaling.train.step import split

_WARM_UP_CALLS = 2
_MATRIX_SIDES = (512, 1024, 2048, 4096, 8192)
_LONG_ENOUGH_SECONDS = 0.1  # a larger product would tell no more
_COPIED_BYTES = 2**29  # several times the largest cache
_REPEATS = 5


class _Program(NamedTuple):
    """A compiled network for one batch size, with what it took."""

    call: Any
    images: jax.ShapeDtypeStruct
    seconds: float


def profile_network(
    architecture: Architecture,
    *,
    batch: int,
    runs: int = 20,
    precision: str = "float32",
    num_classes: int = 1000,
    in_channels: int = 3,
) -> Profile:
    """Compile a network for one image and for a batch, and time its calls.

    Parameters are freshly drawn and images are random; both lie on the device before anything is timed, and every call is
    waited for. Nothing comes from a compilation cache.

    Args:
        architecture: the network, at the resolution it is to see.
        batch: images of a call.
        runs: timed calls of each of the two programs, after warming up.
        precision: of images, maps and products: `float32` or `bfloat16`; parameters are float32.
        num_classes: outputs of the classifier.
        in_channels: channels of the images.

    Returns:
        Its costs; where the device's memory does not bear it, the reason in place of what would have been measured.

    Raises:
        UserError: batch, runs, num_classes or in_channels is below 1, or the precision is unknown.
    """
    _require("profile_network", runs, precision)
    if batch < 1:
        raise UserError(f"profile_network: batch must be at least 1, got {batch}")
    counted = cost(architecture, num_classes, in_channels)
    measured, reason = None, None
    try:
        with _memory_errors():
            measured = _measured(architecture, batch, runs, precision, num_classes, in_channels)
    except MemoryError as error:
        reason = str(error)
    gc.collect()  # modules hold each other; what they hold on the device must go before the next network comes
    counts = (architecture.resolution, num_classes, in_channels)
    return Profile(architecture.name, *counts, precision, batch, runs, counted, measured, reason)


def latency(
    architecture: Architecture, *, runs: int = 20, precision: str = "float32", num_classes: int = 1000, in_channels: int = 3
) -> Spread:
    """Milliseconds of a call with one image; arguments as of `profile_network`.

    Raises:
        UserError: as `profile_network`.
        MemoryError: the device does not bear it.
    """
    _require("latency", runs, precision)
    with _memory_errors():
        program = _compiled(architecture, 1, precision, num_classes, in_channels)
        call = _ready(program, _weights(architecture, precision, num_classes, in_channels))
        return _spread([1000 * one for one in _timed(call, runs)])


def device_limits(precision: str = "float32") -> DeviceLimits:
    """What the default device can do: the fastest of several square matrix products, and of several passes over memory.

    The products have 512 to 8,192 rows, up to the first that takes 0.1 s. A pass adds 1 to an array of 512 MiB in place,
    which reads and writes it. A few seconds in all.

    Args:
        precision: of the products, `float32` (as JAX multiplies it on the device by default) or `bfloat16`.

    Raises:
        UserError: the precision is unknown.
    """
    _require("device_limits", 1, precision)
    return DeviceLimits(_flops_per_s(jnp.dtype(precision)), _bytes_per_s())


@contextlib.contextmanager
def _memory_errors() -> Iterator[None]:
    """A device's own error of this kind becomes Python's."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise MemoryError(f"out of memory: {str(error).splitlines()[0][:200]}") from None


def _measured(
    architecture: Architecture, batch: int, runs: int, precision: str, num_classes: int, in_channels: int
) -> Measured:
    device = jax.local_devices()[0]
    before = _peak_bytes(device)
    with uncached():
        single = _compiled(architecture, 1, precision, num_classes, in_channels)
        whole = single if batch == 1 else _compiled(architecture, batch, precision, num_classes, in_channels)
    needed = _program_bytes(whole.call)
    if needed is not None and needed > (most := _memory_bytes(device)):
        raise MemoryError(f"needs {needed:,} bytes, the device has {most:,.0f}")
    weights = _weights(architecture, precision, num_classes, in_channels)
    call = _ready(single, weights)
    first = _seconds(call)
    alone = _timed(call, runs)
    together = alone if batch == 1 else _timed(_ready(whole, weights), runs)
    after = _peak_bytes(device)
    return Measured(
        single.seconds,
        first,
        _spread([1000 * seconds for seconds in alone]),
        _spread([batch / seconds for seconds in together]),
        needed,
        after if after is not None and after > (before or 0) else None,
    )


def _compiled(architecture: Architecture, batch: int, precision: str, num_classes: int, in_channels: int) -> _Program:
    network = abstract(architecture, num_classes, in_channels, ModelConfig(dtype=jnp.dtype(precision)))
    network.eval()
    definition, params, statistics, random = split(network)

    def infer(params: Any, statistics: Any, images: jax.Array) -> jax.Array:
        return nnx.merge(definition, params, statistics, random, copy=True)(images)

    side = architecture.resolution
    images = jax.ShapeDtypeStruct((batch, side, side, in_channels), jnp.dtype(precision))
    start = time.perf_counter()
    call = compile_lowered(jax.jit(infer).lower(params, statistics, images))
    return _Program(call, images, time.perf_counter() - start)


def _weights(architecture: Architecture, precision: str, num_classes: int, in_channels: int) -> tuple[Any, Any]:
    """Parameters and running statistics of a new network, on the device."""
    network = build(architecture, num_classes, in_channels, settings=ModelConfig(dtype=jnp.dtype(precision)))
    _, params, statistics, _ = split(network)
    return jax.block_until_ready(jax.device_put((params, statistics)))


def _ready(program: _Program, weights: tuple[Any, Any]) -> Callable[[], Any]:
    """A call of a program whose arguments are on the device."""
    drawn = np.random.default_rng(0).standard_normal(program.images.shape, np.float32)
    images = jax.block_until_ready(jnp.asarray(drawn, program.images.dtype))
    return lambda: program.call(*weights, images)


def _timed(call: Callable[[], Any], runs: int) -> list[float]:
    for _ in range(_WARM_UP_CALLS):
        _seconds(call)
    return [_seconds(call) for _ in range(runs)]


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def _spread(values: Sequence[float]) -> Spread:
    median, low, high = np.quantile(values, (0.5, 0.05, 0.95)).tolist()
    return Spread(median, low, high)


def _flops_per_s(dtype: Any) -> float:
    most = 0.0
    for side in _MATRIX_SIDES:
        seconds = _product_seconds(side, dtype)
        most = max(most, 2 * side**3 / seconds)
        if seconds > _LONG_ENOUGH_SECONDS:
            break
    return most


def _product_seconds(side: int, dtype: Any) -> float:
    matrix = jnp.full((side, side), 1 / side, dtype)
    program = compile_lowered(jax.jit(jnp.matmul).lower(matrix, matrix))
    return _fastest(lambda: program(matrix, matrix))


def _bytes_per_s() -> float:
    array = jnp.zeros(_COPIED_BYTES // 4, jnp.float32)
    # In place: fresh memory for the result would be timed with it.
    program = compile_lowered(jax.jit(lambda values: values + 1, donate_argnums=0).lower(array))

    def add() -> jax.Array:
        nonlocal array
        array = program(array)
        return array

    return 2 * array.nbytes / _fastest(add)


def _fastest(call: Callable[[], Any]) -> float:
    return min(_timed(call, _REPEATS))


def _program_bytes(program: Any) -> int | None:
    """What a compiled program holds while it runs; None where the compiler does not say."""
    found = program.memory_analysis()
    if found is None:
        return None
    return int(found.argument_size_in_bytes + found.output_size_in_bytes + found.temp_size_in_bytes)


def _peak_bytes(device: Any) -> int | None:
    return (device.memory_stats() or {}).get("peak_bytes_in_use")


def _memory_bytes(device: Any) -> float:
    """Of a device; what this process may hold where the device is its processor."""
    if device.platform != "cpu":
        return float((device.memory_stats() or {}).get("bytes_limit", math.inf))
    return memory_bytes()


def _require(function: str, runs: int, precision: str) -> None:
    if runs < 1:
        raise UserError(f"{function}: runs must be at least 1, got {runs}")
    if precision not in NUMBER_BYTES:
        near = did_you_mean(precision, NUMBER_BYTES)
        raise UserError(f"{function}: precision must be one of {', '.join(NUMBER_BYTES)}, got {precision!r}{near}")
