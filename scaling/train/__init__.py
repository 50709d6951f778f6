"""One network trained and evaluated: optimizer, compiled programs, loop, weights on disk."""

from scaling.train.checkpoint import load_weights, save_weights
from scaling.train.compiling import enable_cache
from scaling.train.device import Prepared, prepare
from scaling.train.programs import Weights
from scaling.train.task import Task
from scaling.train.training import (
    Diverged,
    Segment,
    Stopped,
    compile_evaluation,
    compile_training,
    evaluate_per_image,
    predict,
    train,
)

__all__ = [
    "Diverged",
    "Prepared",
    "Segment",
    "Stopped",
    "Task",
    "Weights",
    "compile_evaluation",
    "compile_training",
    "enable_cache",
    "evaluate_per_image",
    "load_weights",
    "predict",
    "prepare",
    "save_weights",
    "train",
]
