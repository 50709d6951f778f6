"""JAX as the environment has it: loaded, its devices found, and its settings kept from changing what is computed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from scaling.core.errors import UserError

# What a training is, its trial says: network, recipe, precision, images, seed. These settings of JAX, which a shell or a
# notebook may have changed, would give other numbers under the same identity, or errors in the middle.
SETTINGS = {
    "jax_enable_x64": False,
    "jax_disable_jit": False,
    "jax_default_matmul_precision": None,
    "jax_default_prng_impl": "threefry2x32",
    "jax_threefry_partitionable": True,
    "jax_random_seed_offset": 0,
    "jax_enable_custom_prng": False,
    "jax_legacy_prng_key": "allow",
    "jax_high_dynamic_range_gumbel": False,
    "jax_numpy_dtype_promotion": "standard",
    "jax_numpy_rank_promotion": "allow",
    "jax_debug_nans": False,
    "jax_debug_infs": False,
    "jax_debug_key_reuse": False,
    "jax_check_tracer_leaks": False,
    "jax_disable_most_optimizations": False,
    "jax_no_tracing": False,
    "jax_no_execution": False,
    "jax_thread_guard": False,
    "jax_error_checking_behavior_nan": "ignore",
    "jax_error_checking_behavior_divide": "ignore",
    "jax_error_checking_behavior_oob": "ignore",
    **{f"jax_transfer_guard{path}": "allow" for path in ("", "_host_to_device", "_device_to_host", "_device_to_device")},
}
"""Settings, with the values that networks are traced, compiled, trained and judged under."""


@contextlib.contextmanager
def own_settings() -> Iterator[None]:
    """JAX's settings as `SETTINGS` has them; afterwards as they were. A setting that this release lacks is passed over."""
    import jax

    changed = {}
    for name, value in SETTINGS.items():
        try:
            before = _read(jax.config, name)
            if before != value and not (before is None and value == "allow"):
                jax.config.update(name, value)
                changed[name] = before
        except (AttributeError, ValueError, LookupError):
            continue
    try:
        yield
    finally:
        for name, before in changed.items():
            jax.config.update(name, before)


@contextlib.contextmanager
def jax_ready() -> Iterator[None]:
    """Within it JAX is loaded, has devices, and has the settings of `SETTINGS`.

    Raises:
        UserError: as `start_jax`.
    """
    start_jax()
    with own_settings():
        yield


def start_jax() -> None:
    """Load JAX and find its devices.

    Raises:
        UserError: the environment asks for a setting that JAX does not have, or for a device that is not there.
    """
    if "jax" not in sys.modules:
        _require_known_flags()
    try:
        import jax

        jax.local_devices()
    except ImportError:
        raise
    except Exception as error:  # of whatever kind JAX and its plugins raise: no code of this package has run yet
        asked = [f"{name}={value}" for name, value in sorted(os.environ.items()) if _is_of_jax(name)]
        line = next((line for line in str(error).splitlines() if line.strip()), "no such device on this machine")
        where = f"; set here: {', '.join(asked)}" if asked else ""
        raise UserError(f"JAX cannot start as the environment asks: {line.strip()}{where}") from error


def _read(config: Any, name: str) -> Any:
    # Some settings are attributes, which know of the thread they are read in; the others are read by a method.
    return getattr(config, name) if hasattr(config, name) else config.read(name)


def _is_of_jax(name: str) -> bool:
    return name.startswith(("JAX_", "XLA_")) or name in ("CUDA_VISIBLE_DEVICES", "TPU_VISIBLE_CHIPS")


def _require_known_flags() -> None:
    """Refuse XLA_FLAGS that the compiler does not know, at which it would end the process without a word from Python."""
    flags = os.environ.get("XLA_FLAGS", "").strip()
    if not flags:
        return
    command = [sys.executable, "-c", "import jaxlib.xla_client; jaxlib.xla_client.make_cpu_client()"]
    tried = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if tried.returncode and "XLA_FLAGS" in tried.stderr:
        unknown = next((line.partition("] ")[2] for line in tried.stderr.splitlines() if "Unknown flag" in line), "")
        told = unknown or f"it does not understand XLA_FLAGS={flags}"
        raise UserError(f"JAX cannot start: {told}; correct XLA_FLAGS or unset it")
