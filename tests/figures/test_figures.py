import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from simulation import simulate

from scaling.analysis.measured import Measured
from scaling.analysis.ranking import rank
from scaling.analysis.surface import response_surface
from scaling.figures.frontier import frontier, frontier_numbers
from scaling.figures.points import points, seeds_text
from scaling.figures.style import save, spread
from scaling.figures.ternary import place
from scaling.figures.triangle import triangle
from scaling.figures.triangle_numbers import triangle_numbers

TARGET = 2.0
CAPTION = {"data_set": "simulated images", "device": "CPU"}
ORIGINS = [("baseline",), ("lattice", "depth"), ("width",), ("resolution",), ("paper", "lattice")]


def study(curvature, seed=3, seeds=2, lattice=14):
    generator = np.random.default_rng(seed)
    inside = generator.dirichlet((1.4, 1.4, 1.4), lattice)
    shares = np.concatenate([np.eye(3), [[0.31, 0.25, 0.44]], inside])
    ratios = [1.0, 1.91, 1.90, 1.86, 2.09, *generator.uniform(1.8, 2.2, lattice)]
    truth = 0.872 - curvature * ((shares - (0.3, 0.2, 0.5)) ** 2).sum(axis=1)
    answers = simulate([0.868, *truth], seeds, 2_500, generator)
    every = [None, *(tuple(float(share) for share in row) for row in shares)]
    origins = ORIGINS + [("lattice",)] * lattice
    return [
        Measured(f"n{i:02d}", round(600_000 * ratio), ratio, bits, share, origin)
        for i, (ratio, bits, share, origin) in enumerate(zip(ratios, answers, every, origins, strict=True))
    ]


@pytest.fixture(scope="module", params=[0.1, 0.0], ids=["clear", "flat"])
def drawn(request):
    networks = study(request.param, seed=8)  # one whose best network has no luck beyond the peak
    ranking = rank(networks, TARGET)
    numbers = (
        frontier_numbers(networks, ranking),
        triangle_numbers(networks, ranking, response_surface(networks, TARGET)),
    )
    return networks, ranking, numbers, (frontier(numbers[0], **CAPTION), triangle(numbers[1], **CAPTION))


def test_points_join_study_and_ranking(drawn):
    networks, ranking, _, _ = drawn
    found = points(networks, ranking)
    assert [point.macs for point in found] == [network.macs for network in networks]
    assert [point.roles for point in found[:6]] == [
        ("baseline",),
        ("depth",),
        ("width",),
        ("resolution",),
        ("paper",),
        (),
    ]
    assert [point.best for point in found].index(True) == ranking.best
    assert found[2].accuracy.mean == pytest.approx(100 * networks[2].accuracy)
    assert found[2].adjusted.high == pytest.approx(100 * ranking.networks[2].adjusted.high)
    with pytest.raises(ValueError, match="same order"):
        points(networks[::-1], ranking)


def test_labels_say_every_role(drawn):
    point = points(*drawn[:2])[4]
    assert point._replace(best=True).label == "best = paper"
    assert point._replace(best=False, roles=()).label == ""


def test_frontier_numbers(drawn):
    networks, ranking, (numbers, _), _ = drawn
    assert numbers.target_macs == pytest.approx(1.2e6)
    assert numbers.eligible_macs == pytest.approx((0.96e6, 1.44e6))
    assert numbers.slope == pytest.approx(100 * ranking.slope * np.log(2))
    assert (numbers.confidence, numbers.images, numbers.seeds) == (90, 2500, "2 seeds")
    assert len(numbers.points) == len(networks)


def test_triangle_numbers(drawn):
    networks, ranking, (_, numbers), _ = drawn
    assert len(numbers.points) == len(networks) - 1  # the baseline has no shares
    assert numbers.colours[1] == max(100 * entry.adjusted.mean for entry in ranking.networks[1:])
    assert numbers.difference_error == 100 * ranking.difference_error
    assert (numbers.optimum is None) == numbers.verdict.startswith("no ")
    assert (numbers.region is None) == (numbers.optimum is None)


def test_no_surface_is_drawn_where_no_network_supports_one(drawn):
    networks, _, (_, numbers), _ = drawn
    surface = response_surface(networks, TARGET).surface
    assert np.array_equal(np.isnan(numbers.surface), ~surface.supported)


def test_networks_of_one_place_stand_around_it(drawn):
    networks, _ranking, _, _ = drawn
    places = np.array([place(network.shares) for network in networks[1:]])
    lonely = 1 + int(np.argmax(np.sort(np.linalg.norm(places[:, None] - places, axis=2), axis=1)[:, 1]))
    one = networks[lonely]
    twins = [*networks, dataclasses.replace(one, name="twin"), dataclasses.replace(one, name="third")]
    numbers = triangle_numbers(twins, rank(twins, TARGET), response_surface(twins, TARGET))
    around = numbers.spots[[lonely - 1, -2, -1]]  # the baseline has no place
    assert np.hypot(*(around - place(one.shares)).T) == pytest.approx([0.028] * 3)
    assert np.hypot(*(around - around[[1, 2, 0]]).T).min() > 0.04


def test_located_and_not(drawn, boxes, request):
    verdict = drawn[2][1].verdict
    clear = "clear" in request.node.callspec.id
    assert verdict.startswith("supported optimum, to be trained: depth") if clear else verdict.startswith("no ")
    assert verdict in [text for text, _ in boxes(drawn[3][1])]


def test_triangle_without_a_surface():
    networks = study(0.05, lattice=2)
    ranking = rank(networks, TARGET)
    numbers = triangle_numbers(networks, ranking, response_surface(networks, TARGET))
    assert numbers.grid is None
    assert numbers.verdict == "no surface: 6 networks with shares, 8 are needed"
    assert isinstance(triangle(numbers, **CAPTION), Figure)
    with pytest.raises(ValueError, match="at least one network needs shares"):
        triangle_numbers(networks[:1], rank(networks[:1], TARGET), response_surface(networks[:1], TARGET))


@pytest.mark.parametrize("which", [0, 1])
def test_no_text_covers_another_or_is_cut_off(drawn, apart, which):
    apart(drawn[3][which])


def test_figures_name_what_they_show(drawn, boxes):
    for figure, names in zip(drawn[3], (("baseline", "depth"), ("depth only", "accuracy at ×2 MACs, %")), strict=True):
        everything = "\n".join(text for text, _ in boxes(figure))
        for words in (*names, "best", "paper", "width", "2500 validation images, 2 seeds per network, CPU"):
            assert words in everything


@pytest.mark.parametrize("which", [0, 1])
def test_saved_bytes_are_stable_and_whole(drawn, tmp_path, which):
    make = (frontier, triangle)[which]
    first = [path.read_bytes() for path in save(make(drawn[2][which], **CAPTION), tmp_path / "a", "name")]
    again = save(make(drawn[2][which], **CAPTION), tmp_path / "b", "name")
    assert [path.read_bytes() for path in again] == first
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["name.png", "name.svg"]
    assert b"<dc:date>" not in first[0]


def test_save_leaves_nothing_after_a_failure(tmp_path):
    class Broken(Figure):
        def savefig(self, *_, **__):
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        save(Broken(), tmp_path, "name")
    assert list(tmp_path.iterdir()) == []


def test_frontier_of_large_and_of_few_networks():
    networks = study(0.0)
    for scale, count in ((1, 1), (1_000, 3), (100_000, 19)):
        bigger = [
            Measured(n.name, n.macs * scale, n.ratio * (8 if i else 1), n.correct, n.shares, n.origin)
            for i, n in enumerate(networks[:count])
        ]
        figure = frontier(frontier_numbers(bigger, rank(bigger, 16.0)), **CAPTION)
        figure.draw_without_rendering()


def test_place_and_spread():
    assert [place(corner) for corner in np.eye(3)] == [(0, 0), (1, 0), (0.5, pytest.approx(0.8660254))]
    assert spread([0.5, 0.5, 0.9], 0.2, 0, 1) == pytest.approx([0.5, 0.7, 0.9])
    assert spread([1.0, 0.99], 0.2, 0, 1) == pytest.approx([1.0, 0.8])


def test_seeds_text():
    assert [seeds_text(seeds) for seeds in ([1, 1], [2, 2], [1, 3])] == ["1 seed", "2 seeds", "1 to 3 seeds"]


def test_no_pyplot():
    code = "import sys, scaling.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
