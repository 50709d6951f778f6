"""TFRecord, ArrayRecord and Parquet files of images. What writes them is not needed for most of this, and skipped without."""

import base64
import io
import json
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from scaling.core.errors import UserError
from scaling.data import DataError, load
from scaling.data.example import example
from scaling.data.records import EXTRA
from scaling.data.tfrecord import scan

WRITTEN = zlib.decompress(
    base64.b85decode(
        "c-q^_00CF$P8H<Z#K>jC#haO%n4YSinwOlPlA0o<&85ku?(XSkVV=m$z{Jo1RnMRUB0wSx9Bd4X95NCD4AxvyT!IkY$vKI|#ripkNvSzPtWwNej"
        "Er20FuDAstkmQZ{iLM)3LzdLE-nrRh6X#JVfI|2Ts#mZ8L64+86^;%Ok6Ttd=TNZ%$(G`#N1SnCN8!-1HJUjw2cxkR&0a1$>+T@3)f~!Jt2+F6Kq"
        "l}Tuf`3Xy6M&kT0eyKClJ=wlY<G"
    )
)
"""Two records that the package tfrecord 1.14 wrote: a GIF of 3 x 2 px, labels 1 and 301, names n0.gif and n1.gif."""

STREAM = "the extra 'stream' is not installed"


def png(number):
    stream = io.BytesIO()
    Image.new("RGB", (20 + number, 16), (number, 0, 9)).save(stream, "PNG")
    return stream.getvalue()


def varint(number):
    number %= 2**64
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def span(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def encoded(features, packed=True):
    """A `tf.train.Example` by hand: whole numbers, bytes and floats."""
    entries = []
    for name, value in features.items():
        if isinstance(value, int):
            values = span(3, span(1, varint(value)) if packed else varint(1 << 3) + varint(value))
        elif isinstance(value, float):
            values = span(2, varint(1 << 3 | 5) + np.float32(value).tobytes())
        else:
            values = span(1, b"".join(span(1, one) for one in value))
        entries.append(span(1, span(1, name.encode()) + span(2, values)))
    return span(1, b"".join(entries))


def checksum(content):
    found = 0xFFFFFFFF
    for byte in content:
        found ^= byte
        for _ in range(8):
            found = found >> 1 ^ (0x82F63B78 if found & 1 else 0)
    found ^= 0xFFFFFFFF
    return (((found >> 15 | found << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")


def record(content):
    length = len(content).to_bytes(8, "little")
    return length + checksum(length) + content + checksum(content)


def write_records(path, count, label=lambda number: number % 2, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    features = [{"image/encoded": [png(n)], "image/class/label": label(n), "image/height": 16} for n in range(count)]
    path.write_bytes(b"".join(record(encoded(one, **options)) for one in features))


def sizes(found):
    return [len(found.train), len(found.validation), len(found.test)]


def test_records_that_another_library_wrote(tmp_path):
    (tmp_path / "x.tfrecord").write_bytes(WRITTEN)
    (found,) = scan(tmp_path, ["x.tfrecord"])
    assert (found.names, found.labels.tolist()) == (["x.tfrecord/n0.gif", "x.tfrecord/n1.gif"], [1, 301])
    for start, size in zip(found.starts, found.sizes, strict=True):
        with Image.open(io.BytesIO(WRITTEN[start : start + size])) as image:
            assert (image.format, image.size) == ("GIF", (3, 2))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("label", [0, 127, 128, 2**31 - 1, -1])
def test_a_number_is_read_as_it_is_written(label, packed):
    content = encoded({"a": 1.5, "label": label, "z": [b"x" * 200, b""], "image": [b"y" * 300]}, packed)
    found = example(io.BytesIO(content), 0, len(content))
    assert found.label == label
    assert content[slice(*found.image)] == b"y" * 300


@pytest.mark.parametrize("seed", range(30))
def test_damaged_examples_are_refused_or_found_to_lack_something(seed):
    content = bytearray(encoded({"image": [b"pixels" * 9], "label": 3}))
    random = np.random.default_rng(seed)
    for _ in range(3):
        content[random.integers(len(content))] = random.integers(256)
    try:
        found = example(io.BytesIO(content), 0, len(content))
    except ValueError:
        return
    assert found.image is None or 0 <= found.image[0] <= found.image[1] <= len(content)


def test_tfrecords_are_a_set(tmp_path):
    for name, count in (("train-00000-of-00002", 10), ("train-00001-of-00002", 10), ("validation-00000-of-00001", 6)):
        write_records(tmp_path / "imagenet" / name, count, lambda number: number % 2 + 1)
    listed = load(tmp_path / "imagenet", store=tmp_path / "store")
    assert (listed.classes, sizes(listed)) == (("1", "2"), [16, 4, 6])
    opened = listed.open(workers=0)
    assert opened.train.images[:, 0, 0, 0].tolist() == [0, 1, 4, 5, 6, 7, 8, 9, 0, 1, 4, 5, 6, 7, 8, 9]
    assert opened.test.names[5] == "validation-00000-of-00001/5"
    (tmp_path / "imagenet" / "classes.txt").write_text("tench\ngoldfish\n")
    assert load(tmp_path / "imagenet", store=tmp_path / "store").classes == ("tench", "goldfish")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"nonsense" * 9, "is no TFRecord file, or is compressed"),
        (record(encoded({"image": [b"x"], "label": 1}))[:-5], "cut off: ends in the middle of a record at byte 0"),
        (record(encoded({"image": [b"x"], "label": 1})) + b"tail", "damaged or cut off at byte 5"),
        (record(encoded({"image": [b"x"]})), "record 0 is no labelled image: needs image/encoded and image/class/label"),
        (record(encoded({"label": 1})), "record 0 is no labelled image"),
        (record(encoded({"image": 3, "label": 1})), "record 0 is no labelled image"),
        (record(b"\xff" * 9), "damaged, or no file of tf.train.Example"),
        (b"", "no images in x.tfrecord"),
    ],
)
def test_what_is_no_tfrecord_of_images_is_refused(tmp_path, content, told):
    (tmp_path / "x.tfrecord").write_bytes(content)
    with pytest.raises(DataError, match=told):
        load(tmp_path / "x.tfrecord")


@pytest.mark.parametrize(("name", "package"), [("a.parquet", "pyarrow"), ("a.array_record", "array_record")])
def test_a_missing_package_is_named(tmp_path, monkeypatch, name, package):
    (tmp_path / name).write_bytes(b"")
    for module in [module for module in sys.modules if module.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError) as refusal:
        load(tmp_path / name)
    assert str(refusal.value).endswith(f"{name}: needs the package {package.replace('_', '-')}: {EXTRA}")


def write_parquet(path, count, labels=None, names=("cat", "dog"), **options):
    pyarrow = pytest.importorskip("pyarrow", reason=STREAM)
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    labels = [number % 2 for number in range(count)] if labels is None else labels
    rows = [{"image": {"bytes": png(n), "path": f"{n}.png"}, "label": labels[n]} for n in range(count)]
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
    told = {b"huggingface": json.dumps({"info": {"features": features}}).encode()} if names else {}
    parquet.write_table(pyarrow.Table.from_pylist(rows).replace_schema_metadata(told), path, **options)


def test_parquet_of_hugging_face_is_a_set(tmp_path):
    write_parquet(tmp_path / "hf" / "data" / "train-00000-of-00002-a1b2.parquet", 20, row_group_size=7)
    write_parquet(tmp_path / "hf" / "data" / "train-00001-of-00002-a1b3.parquet", 20)
    write_parquet(tmp_path / "hf" / "data" / "validation-00000-of-00001.parquet", 10)
    write_parquet(tmp_path / "hf" / "data" / "test-00000-of-00001.parquet", 10, labels=[-1] * 10)
    (tmp_path / "hf" / "README.md").write_text("a card")
    listed = load(tmp_path / "hf", store=tmp_path / "store")
    assert (listed.name, listed.classes, sizes(listed)) == ("hf", ("cat", "dog"), [32, 8, 10])
    assert listed.notes[0] == "Left alone: data/test-00000-of-00001.parquet holds images without labels."
    opened = listed.open(workers=1)
    reds = [number for number in range(20) if number // 2 % 5 != 1]
    assert opened.train.images[:, 0, 0, 0].tolist() == reds * 2
    assert opened.test.names[3] == "data/validation-00000-of-00001.parquet/3.png"


def test_parquet_without_names_and_what_is_none(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason=STREAM)
    from pyarrow import parquet

    write_parquet(tmp_path / "a.parquet", 20, names=())
    assert load(tmp_path / "a.parquet", store=tmp_path).classes == ("0", "1")
    parquet.write_table(pyarrow.table({"image": [b"x"], "text": ["a"]}), tmp_path / "a.parquet", compression="none")
    with pytest.raises(DataError, match=r"a\.parquet: has no column 'label', only image, text"):
        load(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"b\.parquet: damaged, or no Parquet file"):
        load(tmp_path / "b.parquet")


def test_a_column_of_bytes_alone_is_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason=STREAM)
    from pyarrow import parquet

    table = pyarrow.table({"image": [png(n) for n in range(20)], "label": [n % 2 for n in range(20)]})
    parquet.write_table(table, tmp_path / "bytes.parquet")
    opened = load(tmp_path / "bytes.parquet", store=tmp_path / "store").open(workers=0)
    assert opened.train.images[:3, 0, 0, 0].tolist() == [0, 1, 6]
    assert opened.train.names[2] == "bytes.parquet/6"


def test_array_records_are_a_set(tmp_path):
    module = pytest.importorskip("array_record.python.array_record_module", reason=STREAM)
    for name, count in (("my-train.array_record-00000-of-00001", 20), ("my-test.array_record-00000-of-00001", 6)):
        writer = module.ArrayRecordWriter(str(tmp_path / name), "group_size:3")
        for number in range(count):
            writer.write(encoded({"image": [png(number)], "label": number % 2}))
        writer.close()
    listed = load(tmp_path, store=tmp_path / "store")
    assert (listed.classes, sizes(listed)) == (("0", "1"), [16, 4, 6])
    opened = listed.open(workers=1)
    assert opened.test.images[:, 0, 0, 0].tolist() == list(range(6))
    (tmp_path / "bad.array_record").write_bytes(b"nothing" * 99)
    with pytest.raises(DataError, match=r"no images in bad\.array_record"):  # as its own reader sees it
        load(tmp_path / "bad.array_record")
    writer = module.ArrayRecordWriter(str(tmp_path / "bad.array_record"), "group_size:3")
    writer.write(b"\xff" * 99)
    writer.close()
    with pytest.raises(DataError, match=r"bad\.array_record: damaged, or no ArrayRecord file of tf.train.Example: a number"):
        load(tmp_path / "bad.array_record")


def test_records_of_tensorflows_kind_that_a_library_writes(tmp_path):
    writer = pytest.importorskip("tfrecord.writer", reason="the package tfrecord is not installed")
    made = writer.TFRecordWriter(str(tmp_path / "x.tfrecord"))
    for number in range(20):
        made.write({"image/encoded": (png(number), "byte"), "image/class/label": (number % 2, "int"), "z": ([0.5], "float")})
    made.close()
    write_records(tmp_path / "y.tfrecord", 20)
    assert (
        load(tmp_path / "x.tfrecord", store=tmp_path).open(workers=0).train.images.tobytes()
        == load(tmp_path / "y.tfrecord", store=tmp_path).open(workers=0).train.images.tobytes()
    )
