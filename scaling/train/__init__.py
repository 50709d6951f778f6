"""One network trained and evaluated: optimizer, compiled programs, loop, weights on disk."""

from scaling.train.checkpoint import load_weights, save_weights
from scaling.train.compiling import enable_cache
from scaling.train.device import Prepared, prepare
from scaling.train.programs import Weights
from scaling.train.task import Task
from scaling.train.training import (
    Diverged,
    Stopped,
    compile_evaluation,
    compile_training,
    predict,
    right_or_wrong,
    train,
)

__all__ = [
    "Diverged",
    "Prepared",
    "Stopped",
    "Task",
    "Weights",
    "compile_evaluation",
    "compile_training",
    "enable_cache",
    "load_weights",
    "predict",
    "prepare",
    "right_or_wrong",
    "save_weights",
    "train",
]
