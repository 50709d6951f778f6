"""SAME padding as TensorFlow has it and the released networks need it: on the far side first."""


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after `size` px so that windows of `kernel` px at distance `stride` give ceil(size / stride) outputs."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
