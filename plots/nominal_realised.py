"""α β² γ² is a label, the realised cost is not

Every point (α, β, γ) of the lattice around EfficientNet-B0 at φ = 1, by what its product α β² γ² promises and by what the
network costs once layers, channels and pixels are rounded to whole ones. The paper asks for a product near 2; the networks
that meet it cost more, the paper's own choice among them; the figure says how much. Counted exactly, nothing is measured.
"""

from matplotlib.figure import Figure

from scaling.figures import nominal_realised, nominal_realised_numbers


def draw() -> Figure:
    """The figure."""
    return nominal_realised(nominal_realised_numbers())
