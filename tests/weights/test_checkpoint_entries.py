"""Which weights of a checkpoint are read, and what lies beside them: as training scripts save them."""

import argparse
from collections import Counter, OrderedDict, defaultdict
from types import SimpleNamespace

import numpy as np
import pytest
from checkpoints import KERNEL, Call, Named, legacy_file, state_dict, tensor, zip_file

from scaling.weights.errors import WeightsError
from scaling.weights.files import read_checkpoint, write_safetensors

FORMATS = pytest.mark.parametrize("write", [zip_file, legacy_file])
STEM = {"conv_stem.weight": KERNEL, "bn1.weight": KERNEL[0], "bn1.num_batches_tracked": np.array(7)}


def weights(key, number=0.0):
    """A state dict of one tensor."""
    return OrderedDict(kernel=tensor(KERNEL + np.float32(number), key))


@pytest.fixture
def read(tmp_path):
    """read(content) -> the weights that are read of a file, and what is said, without its path."""

    def reads(content):
        path = tmp_path / "weights"
        path.write_bytes(content)
        found = read_checkpoint(path)
        return found.tensors, found.entry, [line.removeprefix(f"{path}: ") for line in found.remarks]

    return reads


@FORMATS
@pytest.mark.parametrize(
    "beside",
    [
        {"args": argparse.Namespace(lr=0.1, decay=[1, 2], deeper=argparse.Namespace(a=None))},
        {
            "device": Call("torch", "device", "cuda", 0),
            "dtype": Named("torch", "float32"),
            "size": Call("torch", "Size", (2, 3)),
        },
        {"counts": Counter("abc"), "nothing": Counter(), "lists": defaultdict(list, {"a": [1]}), "set": {1, "b"}},
        {"layout": Call("torch.serialization", "_get_layout", "torch.strided"), "complex": 1 + 2j, "bytes": bytearray(b"ab")},
        {"best": np.float64(0.77), "epoch": np.int64(3), "flag": np.bool_(True), np.int64(3): "a number as a key"},
        {"path": Call("pathlib", "PosixPath", "runs", "b0"), "options": SimpleNamespace(lr=0.1)},
    ],
    ids=["namespace", "torch", "collections", "constants", "numpy", "paths"],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_what_holds_no_tensors_is_passed_over(write, protocol, beside, read):
    tensors, entry, said = read(write({**beside, "model": state_dict(), "after": beside}, protocol))
    assert (list(tensors), entry, said) == (["kernel", "bias", "count"], "model", [])


@FORMATS
def test_kinds_of_dictionaries_and_of_tensors(write, read):
    plain = tensor(KERNEL, "0")
    typed = Call(
        "torch._tensor",
        "_rebuild_from_type_v2",
        Named("torch._utils", "_rebuild_tensor_v2"),
        Named("torch.nn.parameter", "Parameter"),
        plain.reduced[1],
        {"mark": 1},
    )
    stated = Call("torch._utils", "_rebuild_parameter_with_state", plain, True, OrderedDict(), {"mark": 1})
    tensors, _, _ = read(write(defaultdict(list, {"typed": typed, "stated": stated})))
    assert list(tensors) == ["typed", "stated"]
    assert all(np.array_equal(found, KERNEL) for found in tensors.values())


@FORMATS
@pytest.mark.parametrize("averaged", ["state_dict_ema", "model_ema", "ema", "params_ema"])
@pytest.mark.parametrize("last", ["state_dict", "model", "params"])
def test_averaged_weights_are_read_and_it_is_said(write, averaged, last, read):
    tensors, entry, said = read(write({"epoch": 3, last: weights("0"), averaged: weights("1", 1), "optimizer": weights("2")}))
    assert tensors["kernel"].tolist() == (KERNEL + 1).tolist()
    assert (entry, said) == (averaged, [f"its entry {averaged} (averaged weights) is read, not {last}"])


def test_averaged_weights_that_are_empty_are_not_read(read):
    for nothing in (None, {}, {"decay": 0.9}):
        _, entry, said = read(zip_file({"state_dict": weights("0"), "state_dict_ema": nothing}))
        assert (entry, said) == ("state_dict", [])


@FORMATS
@pytest.mark.parametrize("name", ["net", "network", "weights", "generator", "state_dict.model", "checkpoint.net", "ema.module"])
def test_the_only_state_dict_is_found_whatever_its_name(write, name, read):
    found = weights("0")
    for part in reversed(name.split(".")):
        found = {part: found, "loss": tensor(np.float32(0.7), "9")}
    _, entry, said = read(write({**found, "optimizer": {"state": {"kernel": {"momentum": tensor(KERNEL, "8")}}}}))
    assert (entry, said) == (name, [])


def test_a_state_dict_with_another_inside(read):
    _, entry, said = read(zip_file({**weights("0"), "teacher": weights("1")}))
    assert (entry, said) == ("", ["the tensors at its top are read, not teacher"])


def test_names_cannot_break_what_is_said(read):
    _, entry, said = read(zip_file({"a\n\x1b[31m": weights("0"), "optimizer": weights("1")}))
    assert entry == r"a\n\x1b[31m"
    _, _, said = read(zip_file({"model": weights("0"), "b\r\ud800": weights("1")}))
    assert said == [r"its entry model is read, not b\r\ud800"]
    inside = {f"net.{name}": tensor(array, name) for name, array in STEM.items()}
    _, _, said = read(zip_file({**inside, "x\n": tensor(KERNEL, "9")}))
    assert said == [r"the tensors in net are read, not the 1 outside it, such as x\n"]


def test_several_state_dicts_are_named(read):
    with pytest.raises(
        WeightsError, match=r"holds 2 state dicts: student \(1 tensors\), teacher \(1 tensors\); save by itself"
    ):
        read(zip_file({"student": weights("0"), "teacher": weights("1"), "epoch": 1}))
    with pytest.raises(WeightsError, match=r"holds 2 state dicts: model\.encoder \(1 tensors\), model\.decoder"):
        read(zip_file({"model": {"encoder": weights("0"), "decoder": weights("1")}}))


def test_dictionaries_that_hold_each_other_end(read):
    found = {"a": {}}
    found["a"]["b"] = found
    with pytest.raises(WeightsError, match="holds no tensors by name, as a state dict does; its entries are a"):
        read(zip_file(found))


WRAPPED = ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module.module._orig_mod."]
MODULES = ["model.", "net.", "backbone.", "model.backbone.", "model.module.", "model._orig_mod.net."]


@pytest.fixture(params=["torch", "safetensors"])
def saved(request, tmp_path, read):
    """saved(tensors) -> what is read of them in a file of either format."""

    def reads(tensors):
        if request.param == "torch":
            return read(zip_file({name: tensor(array, str(key)) for key, (name, array) in enumerate(tensors.items())}))
        write_safetensors(tmp_path / "made", tensors, {})
        return read((tmp_path / "made").read_bytes())

    return reads


@pytest.mark.parametrize("prefix", WRAPPED + MODULES)
def test_what_is_before_all_names_is_removed(prefix, saved):
    tensors, _, said = saved({prefix + name: array for name, array in STEM.items()})
    assert (set(tensors), said) == (set(STEM), [])
    assert all(np.array_equal(tensors[name], array) for name, array in STEM.items())


def test_wrappers_inside_and_averaging(saved):
    tensors, _, said = saved(
        {"module.bn1._orig_mod.weight": KERNEL, "module.conv_stem.weight": KERNEL, "n_averaged": np.array(3)}
    )
    assert (set(tensors), said) == ({"bn1.weight", "conv_stem.weight"}, [])
    assert set(saved({"module.a": KERNEL, "a": KERNEL})[0]) == {"module.a", "a"}
    assert set(saved({"module": KERNEL})[0]) == {"module"}


def test_what_is_outside_a_network_is_left_out_and_it_is_said(saved):
    inside = {f"model.{name}": array for name, array in STEM.items()}
    tensors, _, said = saved({**inside, "loss.weight": KERNEL, "loss.bias": KERNEL})
    assert set(tensors) == set(STEM)
    assert said[0].startswith("the tensors in model are read, not the 2 outside it, such as loss.")


def test_an_average_beside_the_network_is_read(saved):
    both = {f"{root}.{name}": array for root in ("model", "model_ema.module") for name, array in STEM.items()}
    tensors, _, said = saved(both)
    assert set(tensors) == set(STEM)
    assert said[0].startswith("the tensors in model_ema are read, not the 3 outside it, such as model.")


def test_several_networks_are_named(saved):
    with pytest.raises(WeightsError, match=r"holds 2 networks, named student\., teacher\.; save by itself the one to be read"):
        saved({f"{root}.{name}": array for root in ("student", "teacher") for name, array in STEM.items()})


def test_the_blocks_of_a_resnet_are_no_networks(saved):
    names = ["conv1.weight", "layer1.0.conv1.weight", "layer1.1.conv1.weight", "fc.weight"]
    assert set(saved(dict.fromkeys(names, KERNEL))[0]) == set(names)
    assert set(saved({f"net.{name}": KERNEL for name in names})[0]) == set(names)
    assert set(saved(dict.fromkeys(["conv1.0.weight", *names[1:]], KERNEL))[0]) == {"conv1.0.weight", *names[1:]}
