#!/usr/bin/env python3
"""Writes a checkpoint of torch.distributed.checkpoint without torch: classes of torch's names stand
in, as their pickles are what counts.

    write_dcp.py chunks DIR    192,000 pieces of 3,000 tensors on 64 ranks, as .metadata alone
    write_dcp.py items DIR     3.2 GB: 24 BF16 tensors, a block of 32 MiB on each of 4 ranks
    write_dcp.py load DIR      reads .metadata as Python does, as a yardstick
"""
import io
import os
import pickle
import sys
import types
import zipfile


def module(name):
    if name not in sys.modules:
        sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]


def stand_in(where, name, body=None):
    made = type(name, (), dict(body or {}, __module__=where))
    made.__qualname__ = name
    setattr(module(where), name, made)
    return made


for part in ("torch", "torch.serialization", "torch._utils", "torch.distributed",
             "torch.distributed.checkpoint"):
    module(part)
METADATA = "torch.distributed.checkpoint.metadata"
Metadata = stand_in(METADATA, "Metadata")
TensorStorageMetadata = stand_in(METADATA, "TensorStorageMetadata")
ChunkStorageMetadata = stand_in(METADATA, "ChunkStorageMetadata")
MetadataIndex = stand_in(METADATA, "MetadataIndex")
StorageInfo = stand_in("torch.distributed.checkpoint.filesystem", "_StorageInfo")


def function(where, name):
    def made(*_):
        pass
    made.__module__, made.__name__, made.__qualname__ = where, name, name
    setattr(module(where), name, made)
    return made


class Reduced:
    """Pickles as a call."""

    def __init__(self, what, *arguments):
        self.call = (what, arguments)

    def __reduce__(self):
        return self.call


class Name:
    """Pickles as a name."""

    def __init__(self, where, name):
        self.name = name
        self.__module__ = where
        self.__qualname__ = name
        setattr(module(where), name, self)

    def __reduce__(self):
        return self.name


LAYOUT = Reduced(function("torch.serialization", "_get_layout"), "torch.strided")
FORMAT = Reduced(function(METADATA, "_MEM_FORMAT_ENCODING"), 0)
BFLOAT16 = Name("torch", "bfloat16")
STORAGE = Name("torch", "BFloat16Storage")
SIZE = function("torch", "Size")
REBUILD = function("torch._utils", "_rebuild_tensor_v2")


def size(*extents):
    return Reduced(SIZE, extents)


class TensorProperties:
    def __getstate__(self):
        return (BFLOAT16, LAYOUT, False, FORMAT, False)

    def __setstate__(self, state):
        self.state = state


TensorProperties.__module__ = METADATA
TensorProperties.__qualname__ = "TensorProperties"
setattr(module(METADATA), "TensorProperties", TensorProperties)


def made(kind, **members):
    one = kind()
    one.__dict__.update(members)
    return one


def describe(tensors, place_of):
    """tensors: name -> (shape, [(offsets, sizes)]); place_of(name, number) -> file, offset, length."""
    described, storage = {}, {}
    for name, (shape, chunks) in tensors.items():
        described[name] = made(
            TensorStorageMetadata, properties=TensorProperties(), size=size(*shape),
            chunks=[made(ChunkStorageMetadata, offsets=size(*o), sizes=size(*s)) for o, s in chunks])
        for number, (offsets, _) in enumerate(chunks):
            index = made(MetadataIndex, fqn=name, offset=size(*offsets), index=number)
            file, offset, length = place_of(name, number)
            storage[index] = made(StorageInfo, relative_path=file, offset=offset, length=length,
                                  transform_descriptors=None)
    return made(Metadata, state_dict_metadata=described, planner_data=None, storage_data=storage,
                storage_meta=None, version=None)


def write_metadata(directory, tensors, place_of):
    with open(os.path.join(directory, ".metadata"), "wb") as file:
        pickle.dump(describe(tensors, place_of), file, protocol=4)


def row_blocks(shape, ranks):
    rows = shape[0] // ranks
    return [((r * rows, 0), (rows, shape[1])) for r in range(ranks)]


def write_chunks(directory):
    ranks, count = 64, 3000
    tensors = {f"model.layers.{i // 40}.mlp.experts.{i % 40}.gate_up_proj.weight":
               ((4096, 1024), row_blocks((4096, 1024), ranks)) for i in range(count)}
    length = 4096 // ranks * 1024 * 2 + 1500
    numbers = {name: i for i, name in enumerate(tensors)}
    write_metadata(directory, tensors,
                   lambda name, r: (f"__{r}_0.distcp", numbers[name] * length, length))
    for rank in range(ranks):
        with open(os.path.join(directory, f"__{rank}_0.distcp"), "wb") as file:
            file.truncate(count * length)


class ItemPickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.identity if isinstance(value, Stored) else None


class Stored:
    def __init__(self, count):
        self.identity = ("storage", STORAGE, "0", "cpu", count)


def item(shape, data):
    rebuilt = io.BytesIO()
    elements = shape[0] * shape[1]
    ItemPickler(rebuilt, protocol=2).dump(
        Reduced(REBUILD, Stored(elements), 0, shape, (shape[1], 1), False, {}))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", rebuilt.getvalue())
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/data/0", data)
        archive.writestr("archive/version", "3\n")
    return packed.getvalue()


def write_items(directory):
    ranks, count, shape = 4, 24, (16384, 4096)
    part = (shape[0] // ranks, shape[1])
    data = bytes(range(64)) * (part[0] * part[1] * 2 // 64)
    packed = item(part, data)
    tensors = {f"model.layers.{i}.mlp.down_proj.weight": (shape, row_blocks(shape, ranks))
               for i in range(count)}
    numbers = {name: i for i, name in enumerate(tensors)}
    write_metadata(directory, tensors, lambda name, r: (f"__{r}_0.distcp",
                                                        numbers[name] * len(packed), len(packed)))
    for rank in range(ranks):
        with open(os.path.join(directory, f"__{rank}_0.distcp"), "wb") as file:
            for _ in range(count):
                file.write(packed)


def load(directory):
    with open(os.path.join(directory, ".metadata"), "rb") as file:
        pickle.load(file)


if __name__ == "__main__":
    what, where = sys.argv[1:]
    os.makedirs(where, exist_ok=True)
    {"chunks": write_chunks, "items": write_items, "load": load}[what](where)
