"""The figures of the published record: their numbers, and that they can be read."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from published_dimensions import DIMENSIONS, largest, largest_leads
from published_single_dimensions import published_single_dimensions

from scaling.figures.curves import Curve
from scaling.figures.style import save

NAMES = (
    "nominal_realised",
    "published_dimensions",
    "published_families",
    "published_single_dimensions",
    "published_widths",
    "released_formula",
    "shares_published",
)


def numbers(name):
    return getattr(import_module(name), f"{name}_numbers")()


@pytest.fixture(scope="module", params=NAMES)
def named(request):
    return request.param, import_module(request.param).draw()


def test_no_text_covers_another_or_is_cut_off(named, apart):
    apart(named[1])


def test_saved_bytes_are_stable(named, tmp_path):
    name, figure = named
    again = import_module(name).draw()
    first, second = (save(one, tmp_path / folder, name) for one, folder in ((figure, "a"), (again, "b")))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_figure_of_the_repository_has_the_words_that_are_drawn(named, tmp_path):
    name, figure = named
    drawn = save(figure, tmp_path, name)[0]
    committed = Path(import_module(name).__file__).with_suffix(".svg")
    # Matplotlib notes each text beside its outlines, which its versions may draw otherwise.
    words = [re.findall(r"<!-- (.*?) -->", path.read_text("utf-8")) for path in (drawn, committed)]
    assert words[0]
    assert words[0] == words[1], f"draw it anew: python -m scaling.gallery {name}"


def test_a_curve_between_its_points():
    curve = Curve("width", (1.0, 4.0), (70.0, 72.0))
    assert [curve.at(macs_g) for macs_g in (1.0, 2.0, 4.0)] == [70, pytest.approx(71), 72]
    with pytest.raises(ValueError, match="width reaches from 1 to 4 G MACs, got 5"):
        curve.at(5.0)


def test_dimensions():
    found = numbers("published_dimensions")
    assert [curve.name for curve in found.plotted] == [*DIMENSIONS, "compound"]
    assert found.networks == ("B0", "B1", "B2", "B3", "B4")
    expected = [(name, network) for name in DIMENSIONS for network in ("B1", "B2", "B3", "B4")]
    reached = [one for one in expected if one not in (("depth", "B4"), ("resolution", "B4"))]  # their lines end before it
    for leads in (found.plotted_leads, found.recounted_leads):
        assert [(lead.dimension, lead.network) for lead in leads] == reached
    assert [round(lead.points, 1) for lead in found.plotted_leads] == [1.1, 1.3, 2.1, 1.5, 1.7, 2.0, 2.7, 1.6, 2.0, 2.1]
    assert [round(lead.points, 1) for lead in found.recounted_leads] == [0.7, 1.1, 1.7, 1.5, 1.7, 2.0, 2.7, 1.2, 1.4, 1.7]
    plotted, recounted = ([curve.macs_g[0] for curve in one] for one in (found.plotted, found.recounted))
    assert plotted == [0.39] * 4
    assert recounted == [0.385814752] * 4
    for before, after in zip(found.plotted, found.recounted, strict=True):
        assert before.top1_percent == after.top1_percent
        assert list(after.macs_g) == sorted(after.macs_g)


def test_the_largest_lead_of_compound_over_one_dimension():
    found = numbers("published_dimensions")
    for curves, leads, macs_g in (
        (found.plotted, found.plotted_leads, 4.2),
        (found.recounted, found.recounted_leads, 4.393771024),
    ):
        *singles, compound = curves
        lead = largest(leads)
        assert (lead.dimension, lead.network, lead.macs_g, round(lead.points, 2)) == ("width", "B4", macs_g, 2.71)
        for single in singles:  # nor is any larger between the points of the compound line
            costs = np.geomspace(compound.macs_g[0], min(compound.macs_g[-1], single.macs_g[-1]) * (1 - 1e-12), 1000)[1:]
            assert max(compound.at(one) - single.at(one) for one in costs) <= lead.points
    assert largest_leads(found) == (
        "The largest lead of a compound network in figure 8: 2.7 points of B4 over width at 4.2 G; recounted: 2.7 points of B4 "
        "over width at 4.4 G; the lines of depth and resolution end below the cost of B4."
    )


def test_single_dimensions_gain_before_they_saturate():
    found = numbers("published_single_dimensions").lines
    assert [single.dimension for single in found] == list(DIMENSIONS)
    assert [single.factors[single.doubled()] for single in found] == [2.0, 1.4, 1.3]
    at_two = [tuple(round(value, 2) for value in single.gain(single.doubled())) for single in found]
    at_most = [tuple(round(value, 2) for value in single.gain(-1)) for single in found]
    assert at_two == [(2.03, 2.4), (1.93, 1.39), (1.86, 1.58)]  # depth alone gains most where it doubles the cost
    assert at_most == [(8.19, 3.9), (22.58, 4.2), (6.34, 3.58)]
    for single in found:
        assert (single.plotted_g[0], single.recounted_g[0]) == (0.5, 0.385814752)
        assert list(single.top1_percent) == sorted(single.top1_percent)


def test_the_largest_lead_stands_below_the_single_dimensions():
    found = numbers("published_single_dimensions")
    words = [text.get_text() for text in published_single_dimensions(found).texts]
    assert found.lead == largest_leads(numbers("published_dimensions"))
    assert found.lead in " ".join(" ".join(words).split())


def test_widths():
    found = numbers("published_widths")
    assert [curve.name for curve in found.curves] == [
        f"depth ×{depth}, resolution ×{resolution}" for depth in (1, 2) for resolution in (1, 1.3)
    ]
    assert [sum(unsure) for unsure in found.unsure] == [1, 3, 0, 0]
    assert [round(gain, 1) for gain in found.gains] == [0.0, 1.0, 0.3, 1.2]


def test_families_are_trained_on_imagenet_alone():
    found = numbers("published_families")
    assert [one.network for one in found.v1] == [f"B{number}" for number in range(8)]
    assert [one.network for one in found.v2] == ["V2-B0", "V2-B1", "V2-B2", "V2-B3", "V2-S", "V2-M", "V2-L"]
    everyone = [one.network for family in found.rivals.values() for one in family]
    assert len(everyone) == len(set(everyone)) == 33
    assert not {"GPipe", "TResNet-L", "BiT-M-R152x2", "ViT-L/16", "EfficientNet-B7"} & set(everyone)
    for family in (found.v1, found.v2, *found.rivals.values()):
        assert [one.macs_g for one in family] == sorted(one.macs_g for one in family)


def test_released_against_formula():
    found = numbers("released_formula")
    assert [one.resolution_px for one in found.formula[1:8]] == [258, 296, 341, 392, 451, 518, 596]
    assert [round(one.ratio, 2) for one in found.formula[1:8]] == [2.57, 4.69, 8.43, 16.38, 29.48, 52.08, 102.81]
    assert [round(one.ratio, 3) for one in found.released[1:8]] == [1.780, 2.575, 4.736, 11.388, 26.610, 49.422, 97.834]
    assert [tuple(round(phi, 3) for phi in one) for one in found.implied[1:8]] == [
        (0.523, 0.0, 0.494),
        (1.0, 1.0, 1.066),
        (1.845, 1.913, 2.09),
        (3.224, 3.53, 3.782),
        (4.325, 4.931, 5.086),
        (5.241, 6.167, 6.135),
        (6.206, 7.273, 7.05),
    ]


def test_nominal_against_realised():
    found = numbers("nominal_realised")
    assert (len(found.nominal), found.candidates, found.networks, found.on_target) == (2541, 109, 65, 4)
    assert tuple(round(ratio, 2) for ratio in found.costs) == (1.93, 3.33)
    assert found.candidate.sum() == 109
    assert tuple(round(value, 2) for value in found.paper) == (1.92, 2.57)
    assert (abs(found.nominal[found.candidate] - 2) <= 0.1 + 1e-9).all()
    assert np.flatnonzero(found.nominal == 1).tolist() == [0]


def test_shares():
    found = numbers("shares_published")
    assert [name for name, _ in found.released] == [f"B{number}" for number in range(1, 9)]
    for _, shares in (*found.rules, *found.released):
        assert sum(shares) == pytest.approx(1)
    formula = dict(found.rules)["EfficientNet"]
    assert [round(share, 3) for share in formula] == [0.279, 0.292, 0.428]
    assert found.released[0][1][1] == 0  # B1 is no wider than B0
