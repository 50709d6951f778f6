"""Compiling a program with the options that are fast on the device."""

from __future__ import annotations

import os
from typing import Any

import jax

_CPU_OPTIONS = {
    # Sums by the YNN library, matrix products by Eigen: YNN multiplies by a transposed matrix on one core.
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE",
    # The loops come out the same as from level 3, in five sixths of the time.
    "xla_backend_optimization_level": "1",
}


def compiled(program: Any, *arguments: Any) -> Any:
    """A jitted program, traced for abstract arguments and compiled for the default device."""
    lowered = program.lower(*arguments)
    if jax.default_backend() != "cpu":
        return lowered.compile()
    chosen = os.environ.get("XLA_FLAGS", "")
    try:
        return lowered.compile(compiler_options={name: value for name, value in _CPU_OPTIONS.items() if name not in chosen})
    except jax.errors.JaxRuntimeError as error:
        if "compile option" not in str(error) and "enum value" not in str(error):
            raise
        return lowered.compile()  # a release of XLA that has dropped or renamed the option
