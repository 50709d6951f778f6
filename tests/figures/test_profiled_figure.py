"""Published accuracy over recorded latency, from a made-up record."""

import pytest

from scaling import cost
from scaling.core.errors import SpecError
from scaling.figures.profiled import profiled, profiled_numbers
from scaling.figures.style import save
from scaling.gallery.__main__ import drawn
from scaling.profile.profile import Measured, Profile, Spread
from scaling.profile.record import Entry, Record, add_to_record
from scaling.profile.roofline import DeviceLimits
from scaling.study.history import NotRecorded
from scaling.study.spec import read_baseline

LIMITS = DeviceLimits(1e11, 1e10)


def made_up(name, milliseconds, resolution=None, runs=20):
    architecture = read_baseline(name)
    measured = None
    if milliseconds:
        latency = Spread(milliseconds, 0.9 * milliseconds, 1.2 * milliseconds)
        measured = Measured(5.0, 0.1, latency, Spread(10.0, 9.0, 11.0), None, None)
    side = resolution or architecture.resolution
    return Profile(name, side, 1000, 3, "float32", 16, runs, cost(architecture), measured, None if measured else "too large")


def record(**profiles):
    return Record("a made-up device", "float32", {name: Entry(one, LIMITS, {}) for name, one in profiles.items()})


@pytest.fixture
def family():
    times = [12, 18, 22, 35, 62, 120, 210, 400]
    own = {f"efficientnet_b{number}": made_up(f"efficientnet_b{number}", one) for number, one in enumerate(times)}
    other = {"efficientnet_b1@224": made_up("efficientnet_b1", 15.0, 224, runs=30)}
    return record(**own, **other)


def test_networks_are_joined_by_name_and_resolution(family):
    found = profiled_numbers(family)
    assert [point.label for point in found.points] == ["B0", "B1 at 224 px", *(f"B{number}" for number in range(1, 8))]
    assert [point.own for point in found.points] == [True, False, *[True] * 7]
    by_label = {point.label: (point.best, point.lowest) for point in found.points}
    assert by_label["B0"] == (78.568, 76.542)  # 79.364 is at 256 px, 78.680 of weights that saw other images
    assert by_label["B1"] == (80.404, 78.546)
    assert by_label["B1 at 224 px"] == (77.592, 77.592)
    assert by_label["B7"] == (85.132, 84.424)
    assert found.points[0].latency_ms == (12, 0.9 * 12, 1.2 * 12)
    assert found[1:] == ("a made-up device", "float32", "20 to 30 calls")


def test_what_was_not_measured_or_not_published_is_left_out():
    found = profiled_numbers(record(one=made_up("efficientnet_b0", 3.0), two=made_up("efficientnet_b1", None)))
    assert [point.label for point in found.points] == ["B0"]
    assert found.runs == "20 calls"
    with pytest.raises(SpecError, match="none of the profiled networks has published weights at its resolution, got small;"):
        profiled_numbers(record(small=made_up("small", 1.0)))


def test_no_text_covers_another_and_every_network_is_named(family, apart, boxes):
    figure = profiled(profiled_numbers(family))
    apart(figure)
    words = [text for text, _ in boxes(figure)]
    assert {"B0", "B7", "B1 at 224 px"} <= set(words)
    assert "a made-up device" in " ".join(words)
    assert "median of 20 to 30 calls" in " ".join(" ".join(words).split())


def test_the_caption_says_whose_weights_and_that_recipes_differ(family, boxes):
    resnet = Entry(made_up("resnet50", 60.0), LIMITS, {})
    found = profiled_numbers(family._replace(entries={**family.entries, "resnet50": resnet}))
    assert {point.label: point.best for point in found.points}["ResNet-50"] == 76.0
    words = " ".join(" ".join(text for text, _ in boxes(profiled(found))).split())
    assert "EfficientNets at timm's best weights of ImageNet-1k alone" in words
    assert "ResNets at the numbers of the EfficientNet paper's Table 2 of 2019" in words
    assert "confounded by training recipe" in words


def test_one_network_can_be_drawn(apart):
    apart(profiled(profiled_numbers(record(one=made_up("efficientnet_b4", 60.0)))))


def test_saved_bytes_are_stable(family, tmp_path):
    first, second = (save(profiled(profiled_numbers(family)), tmp_path / name, "profile") for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_gallerys_module_draws_a_record_and_says_where_there_is_none(family, tmp_path, monkeypatch, request):
    module = request.config.rootpath / "plots" / "profile.py"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotRecorded, match=r"runs/profile/profile\.json: no profile is recorded here; python"):
        drawn(module)
    for name, entry in family.entries.items():
        add_to_record(tmp_path / "runs" / "profile", "a made-up device", name, entry.profile, LIMITS)
    assert drawn(module).axes
