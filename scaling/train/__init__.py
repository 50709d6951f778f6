"""One network trained and evaluated: optimizer, compiled programs, loop, weights on disk."""

from scaling.train.compile import enable_cache
from scaling.train.input import Prepared, prepare
from scaling.train.loop import (
    Diverged,
    Segment,
    Stopped,
    compile_evaluation,
    compile_training,
    evaluate_per_image,
    predict,
    train,
)
from scaling.train.step import Weights
from scaling.train.task import Task
from scaling.train.weights_file import load_weights, save_weights

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
