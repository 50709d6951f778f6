"""The classes of ImageNet."""

import csv
from importlib.resources import files

from scaling.weights.imagenet import class_names


def test_a_thousand_names_in_their_usual_order():
    names = class_names()
    assert len(names) == 1000
    assert (names[0], names[1], names[285], names[504], names[967], names[999]) == (
        "tench", "goldfish", "Egyptian cat", "coffee mug", "espresso", "toilet tissue",
    )  # fmt: skip
    assert all(name == name.strip() and "_" not in name and len(name) < 40 for name in names)
    assert sorted(name for name in set(names) if names.count(name) > 1) == ["crane", "maillot"]


def test_synsets_are_in_the_order_of_their_ids():
    source, *lines = (files("scaling.weights") / "imagenet_classes.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    assert source.startswith("# source: ")
    assert [int(row["index"]) for row in rows] == list(range(1000))
    synsets = [row["synset"] for row in rows]
    assert synsets == sorted(set(synsets))
    assert (synsets[0], synsets[967], synsets[999]) == ("n01440764", "n07920052", "n15075141")
