"""The names that a checkpoint's pickle may mention. All are names here: nothing of them is imported or called."""

from __future__ import annotations

import ml_dtypes
import numpy as np

DTYPES = {
    "torch.FloatStorage": np.dtype(np.float32),
    "torch.DoubleStorage": np.dtype(np.float64),
    "torch.HalfStorage": np.dtype(np.float16),
    "torch.BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "torch.LongStorage": np.dtype(np.int64),
    "torch.IntStorage": np.dtype(np.int32),
    "torch.ShortStorage": np.dtype(np.int16),
    "torch.CharStorage": np.dtype(np.int8),
    "torch.ByteStorage": np.dtype(np.uint8),
    "torch.BoolStorage": np.dtype(np.bool_),
}
"""By the name of a storage's type."""

FUNCTIONS = {
    "collections.OrderedDict",
    "torch.Size",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._tensor._rebuild_from_type_v2",
    "collections.Counter",
    "collections.defaultdict",
}
"""What is called to make tensors and the dictionaries that hold them; what each gives is made by `unpickle`."""

TYPES = {
    *("torch.Tensor", "torch.nn.parameter.Parameter"),
    *(f"torch.{name}" for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")),
    *(f"torch.{name}" for name in ("float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128")),
}
"""What a checkpoint may mention without calling it."""

_BUILT_IN = ("set", "frozenset", "complex", "bytearray", "bytes", "int", "float", "str", "bool", "list", "dict", "tuple")
_INERT = {
    "argparse": ("Namespace",),
    "types": ("SimpleNamespace",),
    "torch": ("device",),
    "torch.serialization": ("_get_layout",),
    "_codecs": ("encode",),
    "numpy": ("dtype",),
    "numpy.core.multiarray": ("scalar",),
    "numpy._core.multiarray": ("scalar",),
    "pathlib": ("PosixPath", "WindowsPath"),
    "pathlib._local": ("PosixPath", "WindowsPath"),
    "builtins": _BUILT_IN,
    "__builtin__": _BUILT_IN,
}
INERT = {f"{module}.{name}" for module, names in _INERT.items() for name in names}
"""What a checkpoint may make that holds no tensor: settings of a training, numbers of NumPy. None is made here; a record of
its name stands for it."""
