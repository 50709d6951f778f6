"""Files as torch.save writes them, and as an attacker would, without torch."""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np

KERNEL = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
MAGIC = 0x1950A86A20F9469CFC6C
NAMES = {
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}


class Named:
    """What becomes an import in the pickle."""

    def __init__(self, module, name):
        self.module, self.name = module, name

    def __call__(self, *arguments):
        raise AssertionError("never called, only named")

    def __repr__(self):
        return f"{self.module}.{self.name}"


class Call:
    """What becomes a call in the pickle."""

    def __init__(self, module, name, *arguments):
        self.reduced = Named(module, name), arguments

    def __reduce__(self):
        return self.reduced

    def __repr__(self):
        return f"call of {self.reduced[0]}"


class Storage:
    def __init__(self, array, key, elements=None):
        self.array, self.key = array, key
        self.elements = array.size if elements is None else elements

    @property
    def identity(self):
        return "storage", Named("torch", NAMES[self.array.dtype.name]), self.key, "cpu", self.elements


class Pickler(pickle._Pickler):
    """Python's own, which writes names without importing them, and collects the storages it has seen."""

    def __init__(self, stream, protocol, legacy):
        super().__init__(stream, protocol)
        self.legacy, self.storages = legacy, {}

    def persistent_id(self, found):
        if not isinstance(found, Storage):
            return None
        self.storages[found.key] = found
        return (*found.identity, None) if self.legacy else found.identity

    def save_named(self, found):
        if self.proto >= 4:
            self.save(found.module)
            self.save(found.name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{found.module}\n{found.name}\n".encode())

    def save_ordered(self, found):
        state = vars(found) or None
        self.save_reduce(Named("collections", "OrderedDict"), (), state, None, iter(found.items()), obj=found)

    dispatch = {**pickle._Pickler.dispatch, Named: save_named, OrderedDict: save_ordered}  # noqa: RUF012


def tensor(array, key, size=None, stride=None, offset=0, elements=None):
    """A tensor that lies in a storage of its own, the array's elements in their order."""
    array = np.asarray(array)
    contiguous = tuple(step // array.itemsize for step in np.empty(array.shape, array.dtype).strides)
    return view(
        Storage(array, key, elements), array.shape if size is None else size, contiguous if stride is None else stride, offset
    )


def view(storage, size, stride, offset=0):
    return Call("torch._utils", "_rebuild_tensor_v2", storage, offset, size, stride, False, OrderedDict())


def pickled(found, protocol=2, legacy=False):
    """The bytes, and the storages by key."""
    stream = io.BytesIO()
    pickler = Pickler(stream, protocol, legacy)
    pickler.dump(found)
    return stream.getvalue(), pickler.storages


def state_dict():
    found = OrderedDict(kernel=tensor(KERNEL, "0"), bias=tensor(np.float32([1, 2]), "1"), count=tensor(np.int64(7), "2"))
    found._metadata = OrderedDict({"": {"version": 2}})
    return found


def zip_file(found, protocol=2, order="little", root="archive", compression=zipfile.ZIP_STORED):
    content, storages = pickled(found, protocol)
    sign = "<" if order == "little" else ">"
    data = {
        key: one.array.view(f"u{one.array.itemsize}").astype(f"{sign}u{one.array.itemsize}") for key, one in storages.items()
    }
    records = {f"data/{key}": bits.tobytes() for key, bits in data.items()}
    return zip_of({"data.pkl": content, "byteorder": order.encode(), "version": b"3\n", **records}, root, compression)


def zip_of(records, root="archive", compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in records.items():
            archive.writestr(f"{root}/{name}", content)
    return stream.getvalue()


def legacy_file(found, protocol=2):
    content, storages = pickled(found, protocol, legacy=True)
    return legacy_of(content, list(storages), [one.array for one in storages.values()], protocol)


def legacy_of(content, keys, arrays, protocol=2):
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    head = [pickle.dumps(part, protocol) for part in (MAGIC, 1001, system)]
    data = [struct.pack("<q", array.size) + array.tobytes() for array in arrays]
    return b"".join([*head, content, pickle.dumps(keys, protocol), *data])
