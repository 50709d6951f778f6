"""What a network costs: exact counts, the memory it needs, other tools' conventions; `python -m scaling.count`."""

from scaling.count.conventions import by_convention
from scaling.count.cost import Cost, Part, cost, parts
from scaling.count.memory import inference_bytes, training_bytes

__all__ = ["Cost", "Part", "by_convention", "cost", "inference_bytes", "parts", "training_bytes"]
