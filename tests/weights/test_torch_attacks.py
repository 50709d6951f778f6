"""PyTorch's files that are damaged or made to harm: nothing in them runs, and one line says what is wrong."""

import random
import struct
import zipfile

import numpy as np
import pytest
from checkpoints import (
    KERNEL,
    Call,
    Named,
    Storage,
    legacy_file,
    legacy_of,
    pickled,
    state_dict,
    tensor,
    view,
    zip_file,
    zip_of,
)

from scaling.core import pickle_machine as machine
from scaling.weights.errors import WeightsError

FORMATS = pytest.mark.parametrize("write", [zip_file, legacy_file])


def by_hand(instructions):
    """A zip file whose pickle is these bytes."""
    return zip_of({"data.pkl": b"\x80\x02" + instructions + b"."})


@FORMATS
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        ("os", "system", ("touch {}",)),
        ("posix", "system", ("touch {}",)),
        ("builtins", "eval", ("open({!r}, 'w')",)),
        ("builtins", "exec", ("open({!r}, 'w')",)),
        ("builtins", "__import__", ("os",)),
        ("builtins", "getattr", (Named("os", "path"), "join")),
        ("pathlib", "Path.touch", (Call("pathlib", "Path", "{}"),)),
        ("torch._utils", "_rebuild_tensor.__globals__", ()),
        ("torch.storage", "_load_from_bytes", (b"",)),
        ("collections", "OrderedDict.fromkeys", ([1],)),
        ("argparse", "ArgumentParser", ()),
        ("argparse", "Namespace.__init_subclass__", ()),
        ("builtins", "open", ("{}", "w")),
        ("numpy.core.multiarray", "_reconstruct", ()),
    ],
)
def test_what_is_not_a_tensor_is_never_run(write, protocol, module, name, arguments, refusal, tmp_path):
    made = tmp_path / "made"
    words = [one.format(str(made)) if isinstance(one, str) else one for one in arguments]
    message = refusal(write({"a": tensor(KERNEL, "0"), "b": Call(module, name, *words)}, protocol))
    named = {"getattr": ("builtins.getattr", "os.path"), "Path.touch": ("pathlib.Path.touch", "pathlib.Path")}
    allowed = named.get(name, (f"{module}.{name}",))
    assert message in [f"would run {one}, which is not loaded: only tensors are" for one in allowed]
    assert not made.exists()


@pytest.mark.parametrize("part", range(1, 5))
def test_every_pickle_of_a_legacy_file_is_restricted(part, refusal):
    content = legacy_file({"a": tensor(KERNEL, "0")})
    starts = [at for at in range(len(content)) if content[at : at + 2] == b"\x80\x02"]
    evil, _ = pickled(Call("os", "system", "true"))
    assert "would run os.system" in refusal(content[: starts[part]] + evil + content[starts[part] :])


@pytest.mark.parametrize(
    ("instructions", "message"),
    [
        (b"(X\x04\0\0\0trueios\nsystem\n", "would run os.system, which is not loaded: only tensors are"),
        (b"(ccollections\nOrderedDict\no", "its pickle has the instruction OBJ, which tensors do not need"),
        (b"ccollections\nOrderedDict\n)\x81", "its pickle has the instruction NEWOBJ, which tensors do not need"),
        (b"\x82\x01", "its pickle has the instruction EXT1, which tensors do not need"),
        (b"Pstorage\n", "its pickle has the instruction PERSID, which tensors do not need"),
        (b"ccollections\nOrderedDict\n}U\x08__call__Nsb", "its pickle would change an object that has no attributes"),
        (b"](K\x01eN}U\x09__class__Ns\x86b", "its pickle would change an object that has no attributes"),
        (b"cos\nsystem\n)\x81", "would run os.system, which is not loaded: only tensors are"),
        (b"ctorch\nfloat32\n)\x81", "its pickle has the instruction NEWOBJ, which tensors do not need"),
        (b"ctorch\nfloat32\n)R", "its pickle calls torch.float32 with arguments that it does not take"),
        (b"\x81", "its pickle is damaged or cut short; fetch the file again"),
        (b"cargparse\nNamespace\n)\x81K\x01a", "its pickle appends to something that is no list"),
        (b"cargparse\nNamespace\n)\x81K\x01K\x01s", "its pickle fills something that is no dictionary"),
        (b"ccollections\ndefaultdict\nK\x01\x85R", "its pickle calls collections.defaultdict with arguments that it does"),
        (b"N)R", "its pickle calls ? with arguments that it does not take"),
        (b"ctorch\nFloatStorage\n)R", "its pickle calls torch.FloatStorage with arguments that it does not take"),
        (b"ccollections\nOrderedDict\nK\x01R", "its pickle calls collections.OrderedDict with arguments that it does not take"),
        (b"ccollections\nOrderedDict\n](K\x01e\x85R", "its pickle calls collections.OrderedDict with arguments that it does"),
        (b"NK\x01a", "its pickle appends to something that is no list"),
        (b"]K\x01K\x01s", "its pickle fills something that is no dictionary, or with keys that are no plain values"),
        (b"})K\x01s", "its pickle fills something that is no dictionary, or with keys that are no plain values"),
        (b"K\x01K\x02\x93", "would run ?, which is not loaded: only tensors are"),
        (b"", "its pickle is damaged or cut short; fetch the file again"),
        (b"h\x05", "its pickle is damaged or cut short; fetch the file again"),
        (b"t", "its pickle is damaged or cut short; fetch the file again"),
        (b"}(K\x01u", "its pickle is damaged or cut short; fetch the file again"),
        (b"\xff", "its pickle is damaged or cut short; fetch the file again"),
        (b"\x8e" + b"\xff" * 7 + b"\x7f", "its pickle is damaged or cut short; fetch the file again"),
        (b"\x8b\xff\xff\xff\x7f1", "its pickle is damaged or cut short; fetch the file again"),
        (b"S'\\d'\n", "its pickle has the instruction STRING, which tensors do not need"),
        (b"cos\n" + b"x" * 10_000 + b"\n", f"would run os.{'x' * 97}, which is not loaded: only tensors are"),
    ],
    ids=str,
)
def test_instructions_that_tensors_do_not_need(instructions, message, refusal):
    assert refusal(by_hand(instructions)).startswith(message)


def test_a_far_place_in_the_memo_takes_no_room(refusal):
    assert refusal(by_hand(b"}r\xff\xff\xff\xff")) == "holds no tensors by name, as a state dict does"


def test_tuples_that_hold_each_other_are_never_hashed(refusal):
    doubled = b")" + b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(200))
    assert "keys that are no plain values" in refusal(by_hand(b"}" + doubled + b"Ns"))


def test_deep_nesting(refusal):
    assert refusal(by_hand(b")" + b"\x85" * 200_000)) == "holds no tensors by name, as a state dict does"


def test_endless_pickles(refusal, monkeypatch):
    monkeypatch.setattr(machine, "MOST_INSTRUCTIONS", 100)
    assert refusal(by_hand(b"N" * 99)) == "its pickle has more than 100 instructions, more than tensors need"
    assert refusal(by_hand(b"N" * 98)) == "holds no tensors by name, as a state dict does"


@FORMATS
@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        ((25,), (1,), 0),
        ((24,), (1,), 1),
        ((2, 3), (23, 1), 0),
        ((2,), (2**62,), 0),
        ((1,), (1,), 24),
        ((), (), 24),
        ((2**40,), (0,), 0),
        ((5, 5), (0, 0), 0),
        ((2**40, 2**40), (0, 0), 0),
    ],
    ids=str,
)
def test_tensors_outside_their_storage(write, size, stride, offset, refusal):
    found = {"a": tensor(KERNEL, "0", size, stride, offset)}
    assert refusal(write(found)) == "a tensor reaches outside its storage of 24 elements"


@FORMATS
@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        ((-1,), (1,), 0),
        ((2,), (-1,), 5),
        ((2,), (1,), -1),
        ((2, 3), (1,), 0),
        ((2.0,), (1,), 0),
        (("2",), (1,), 0),
        ((2,), (2**70,), 0),
    ],
    ids=str,
)
def test_sizes_and_strides_are_whole_numbers(write, size, stride, offset, refusal):
    assert "whole numbers from 0 to 2^63, as many strides as sizes" in refusal(
        write({"a": tensor(KERNEL, "0", size, stride, offset)})
    )


@FORMATS
def test_shapes_that_no_array_has(write, refusal):
    assert refusal(write({"a": tensor(KERNEL, "0", (0, 2**40, 2**40), (1, 1, 1))})).startswith("tensor a: ")
    assert "a tensor has 65 dimensions, over 64" in refusal(write({"a": tensor(KERNEL, "0", (1,) * 65, (1,) * 65)}))


@FORMATS
def test_numbers_as_keys_are_small(write, refusal):
    """Multiples of 2^61 - 1 have one hash: a dictionary of them takes for ever."""
    assert "keys that are no plain values" in refusal(write({"a": {(2**61 - 1) * 2: 1, (2**61 - 1) * 4: 2}}))


@FORMATS
def test_a_storage_smaller_than_it_says(write, refusal):
    assert "damaged or cut short" in refusal(write({"a": tensor(KERNEL, "0", (25,), (1,), elements=25)}))


@FORMATS
@pytest.mark.parametrize(
    "identity",
    [
        "storage",
        ("storage",),
        ("module", Named("torch", "FloatStorage"), "0", "cpu", 24),
        ("storage", "FloatStorage", "0", "cpu", 24),
        ("storage", Named("collections", "OrderedDict"), "0", "cpu", 24),
        ("storage", Named("torch", "FloatStorage"), 0, "cpu", 24),
        ("storage", Named("torch", "FloatStorage"), "0", "cpu", "24"),
        ("storage", Named("torch", "FloatStorage"), "0", "cpu", -24),
        ("storage", Named("torch", "FloatStorage"), "0", "cpu", 24, ("1", 0, 2)),
        ["storage", Named("torch", "FloatStorage"), "0", "cpu", None],
    ],
    ids=str,
)
def test_references_to_anything_but_storages(write, identity, refusal, monkeypatch):
    monkeypatch.setattr(Storage, "identity", identity)
    monkeypatch.setattr("checkpoints.Pickler.persistent_id", lambda _, found: identity if isinstance(found, Storage) else None)
    assert "its pickle refers to something that is not the storage of a tensor" in refusal(write({"a": tensor(KERNEL, "0")}))


def test_a_storage_of_two_types(refusal):
    found = {"a": tensor(KERNEL, "0"), "b": tensor(np.int32([1]), "0")}
    assert refusal(zip_file(found)) == "storage 0 is described in two ways that differ"


def test_many_tensors_over_one_storage(read, refusal):
    storage = Storage(np.zeros(10_000, np.float32), "0")
    assert len(read(zip_file({"a": view(storage, (10_000,), (1,)), "tied": view(storage, (10_000,), (1,))}))) == 2
    many = {str(number): view(storage, (10_000 - number,), (1,)) for number in range(100)}
    assert refusal(zip_file(many)) == "its tensors share storages and would be far larger than the file"


def test_zip_archives_that_unfold(refusal):
    zeros = {"a": tensor(np.zeros(10_000, np.float32), "0")}
    compressed = zip_file(zeros, compression=zipfile.ZIP_DEFLATED)
    assert refusal(compressed) == "a compressed zip archive, so not a file that torch.save wrote"
    content = bytearray(zip_file(zeros))
    entry = content.index(b"PK\x01\x02")
    content[entry + 20 : entry + 28] = struct.pack("<2I", 2**31, 2**31)
    assert refusal(bytes(content)) == "its zip archive claims to hold more bytes than it has"


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({"version": b"3"}, "a zip archive without a data.pkl in its one folder, so not a file that torch.save wrote"),
        ({"data.pkl": b"\x80\x02}.", "byteorder": b"middle"}, "its byte order is neither little nor big"),
        ({"data.pkl": pickled({"a": tensor(KERNEL, "0")})[0]}, "its zip archive has no data/0; fetch the file again"),
    ],
    ids=["no pickle", "order", "no storage"],
)
def test_incomplete_zip_archives(records, message, refusal):
    assert refusal(zip_of(records)) == message


def test_damage_inside_a_zip_archive_is_noticed(refusal):
    content = bytearray(zip_file(state_dict()))
    content[content.index(KERNEL.tobytes()) + 50] ^= 1
    assert "data/0 in its zip archive is damaged (Bad CRC-32" in refusal(bytes(content))


@pytest.mark.parametrize("keys", ["0", [0], ["1"], None, [["0"]]], ids=str)
def test_legacy_files_whose_storages_do_not_fit(keys, refusal):
    content, _ = pickled({"a": tensor(KERNEL, "0")}, legacy=True)
    assert "its list of storages does not fit its tensors" in refusal(legacy_of(content, keys, [KERNEL]))


def test_a_legacy_file_without_a_storage(refusal):
    content, _ = pickled({"a": tensor(KERNEL, "0")}, legacy=True)
    assert refusal(legacy_of(content, [], [])) == "the storage of tensor a is damaged or cut short; fetch the file again"


@FORMATS
def test_cut_short_anywhere(write, read):
    content = write(state_dict())
    for length in range(len(content)):
        with pytest.raises(WeightsError, match=r"^[^\n]+$"):
            read(content[:length])


def survives(read, content):
    """Whether it is still read; the only other outcome is a WeightsError."""
    try:
        found = read(content)
    except WeightsError:
        return False
    assert all(isinstance(name, str) and isinstance(array, np.ndarray) for name, array in found.items())
    return True


def flipped(content, source):
    changed = bytearray(content)
    for _ in range(source.randint(1, 3)):
        changed[source.randrange(len(changed))] = source.randrange(256)
    return bytes(changed)


@FORMATS
def test_random_damage_to_a_file(write, read):
    source, content = random.Random(0), write(state_dict())
    outcomes = {survives(read, flipped(content, source)) for _ in range(1500)}
    assert outcomes == {True, False}


@pytest.mark.parametrize("protocol", [2, 4])
def test_random_damage_to_a_pickle_alone(protocol, read):
    source = random.Random(1)
    content, storages = pickled(state_dict(), protocol)
    data = {f"data/{key}": storage.array.tobytes() for key, storage in storages.items()}
    outcomes = {survives(read, zip_of({"data.pkl": flipped(content, source), **data})) for _ in range(1500)}
    assert outcomes == {True, False}
