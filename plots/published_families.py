"""What accuracy costs: EfficientNet, EfficientNetV2 and their rivals

Top-1 accuracy on ImageNet against MACs and against parameters, as in figures 1 and 5 of the two papers. Each network was
trained by its authors' recipe at its own resolution; a distance between families is of networks and recipes together.
Transcribed from Tan and Le 2019 (Table 2) and 2021 (Table 7), EfficientNetV2 from google/automl.
"""

from matplotlib.figure import Figure

from scaling.figures import published_families, published_families_numbers


def draw() -> Figure:
    """The figure."""
    return published_families(published_families_numbers())
