#!/usr/bin/env python3
"""Writes tests/golden/recorded_packed.txt: how compressed-tensors decodes its packed forms, and the
formula of ModelOpt's NVFP4 (NVFP4QTensor.dequantize) in numpy. Needs torch and compressed-tensors.

Two experts of a Qwen3-MoE layer in each form; inputs are made by the rule of
core/checkpoint/synthetic.hpp.
"""
import json
import pathlib
import sys

import compressed_tensors
import numpy as np
import torch
from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

MASK = (1 << 64) - 1
HIDDEN, INNER, EXPERTS = 128, 64, 2
CONFIG = {"model_type": "qwen3_moe", "num_experts": EXPERTS, "moe_intermediate_size": INNER,
          "hidden_size": HIDDEN, "num_hidden_layers": 1, "torch_dtype": "bfloat16"}
TORCH = {"U8": torch.uint8, "I32": torch.int32, "F8_E4M3": torch.float8_e4m3fn,
         "BF16": torch.bfloat16, "F32": torch.float32}


def fnv1a64(data):
    number = 0xCBF29CE484222325
    for byte in data:
        number = ((number ^ byte) * 0x100000001B3) & MASK
    return number


def raw_bytes(key, count):
    words = []
    for i in range(1, (count + 7) // 8 + 1):
        z = (fnv1a64(key.encode()) + i * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        words.append(z ^ (z >> 31))
    return np.array(words, np.uint64).view(np.uint8)[:count]


def fill(key, dtype, shape, rule):
    size = {"U8": 1, "I32": 4, "F8_E4M3": 1, "BF16": 2, "F32": 4}[dtype]
    raw = raw_bytes(key, int(np.prod(shape)) * size)
    if rule.startswith("values:"):
        return torch.from_numpy(np.resize(np.array([int(x) for x in rule[7:].split(",")], np.uint8),
                                          raw.size).copy()).view(TORCH[dtype]).reshape(shape)
    lane = raw.view({1: np.uint8, 2: np.uint16, 4: np.uint32}[size]).copy()
    if dtype == "BF16":
        lane = (lane & 0x807F) | ((112 + ((lane >> 7) & 15)) << 7)
    elif dtype == "F32":
        lane = (lane & np.uint32(0x807FFFFF)) | ((112 + ((lane >> 23) & 15)) << 23).astype(np.uint32)
    elif dtype == "F8_E4M3":
        lane = np.where((lane & 0x7F) == 0x7F, lane ^ 1, lane)
    if rule == "positive":
        lane = lane & ((1 << (8 * size - 1)) - 1)
    lane = lane.astype({1: np.uint8, 2: np.uint16, 4: np.uint32}[size])
    return torch.from_numpy(lane.view(np.uint8).copy()).view(TORCH[dtype]).reshape(shape)


def by_compressed_tensors(compressor, **args):
    scheme = QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(**args))

    def decode(parts):
        made = compressor.decompress({f"weight_{name}": part for name, part in parts.items()}, scheme)
        return made["weight"].to(torch.bfloat16)
    return decode


def by_modelopt(parts):
    codes = parts["packed"].to(torch.int64)
    values = torch.tensor([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6])
    both = torch.stack([values[codes & 15], values[codes >> 4]], -1).flatten(-2)
    scale = parts["scale"].to(torch.float32) * parts["2"].to(torch.float32)
    rows, cols = both.shape
    return (both.view(rows, -1, 16) * scale.unsqueeze(-1)).view(rows, cols).to(torch.bfloat16)


def little_endian(*numbers):
    return "values:" + ",".join(str(b) for n in numbers for b in n.to_bytes(4, "little"))


FORMS = {
    "nvfp4-compressed-tensors": (
        by_compressed_tensors(NVFP4PackedCompressor, num_bits=4, type="float",
                              strategy="tensor_group", group_size=16, symmetric=True),
        lambda r, c: {"packed": (".weight_packed", "U8", (r, c // 2), ""),
                      "scale": (".weight_scale", "F8_E4M3", (r, c // 16), "positive"),
                      "global_scale": (".weight_global_scale", "F32", (1,), "positive")}),
    "nvfp4-modelopt": (
        by_modelopt,
        lambda r, c: {"packed": (".weight", "U8", (r, c // 2), ""),
                      "scale": (".weight_scale", "F8_E4M3", (r, c // 16), "positive"),
                      "2": (".weight_scale_2", "F32", (1,), "positive")}),
}
for group in (32, 64):
    FORMS[f"int4-groups-of-{group}"] = (
        by_compressed_tensors(PackedQuantizationCompressor, num_bits=4, type="int", strategy="group",
                              group_size=group, symmetric=True),
        lambda r, c, group=group: {
            "packed": (".weight_packed", "I32", (r, c // 8), ""),
            "scale": (".weight_scale", "BF16", (r, c // group), "positive"),
            "shape": (".weight_shape", "I32", (2,), little_endian(r, c))})


def hash_of(tensor):
    return f"{fnv1a64(tensor.contiguous().view(torch.uint8).flatten().tolist()):016x}"


def case(name, decode, parts_of):
    lines = [f"case {name} qwen3_moe native",
             "config " + json.dumps(CONFIG, separators=(",", ":"))]
    decoded = {}
    for expert in range(EXPERTS):
        for part, rows, cols in (("gate_proj", INNER, HIDDEN), ("up_proj", INNER, HIDDEN),
                                 ("down_proj", HIDDEN, INNER)):
            stem = f"model.layers.0.mlp.experts.{expert}.{part}"
            parts = {}
            for word, (suffix, dtype, shape, rule) in parts_of(rows, cols).items():
                parts[word] = fill(stem + suffix, dtype, shape, rule)
                shown = ",".join(map(str, shape))
                lines.append(f"in {stem}{suffix} {dtype} [{shown}] {rule}".rstrip())
            decoded[part, expert] = decode(parts)
    joined = torch.stack([torch.cat([decoded["gate_proj", e].T, decoded["up_proj", e].T], -1)
                          for e in range(EXPERTS)])
    down = torch.stack([decoded["down_proj", e].T for e in range(EXPERTS)])
    stem = "model.layers.0.mlp.experts."
    for key, tensor in (("down_projs", down), ("gate_and_up_projs", joined)):
        shape = ",".join(map(str, tensor.shape))
        lines.append(f"out {stem}{key} BF16 [{shape}] {hash_of(tensor)}")
    return lines


lines = [f"# Packed forms as compressed-tensors {compressed_tensors.__version__} and ModelOpt's formula"
         " decode them; made by tests/support/packed_oracle.py."]
for name, (decode, parts_of) in FORMS.items():
    lines += case(name, decode, parts_of)
path = pathlib.Path(__file__).parent.parent / "golden" / "recorded_packed.txt"
path.write_text("\n".join(lines) + "\n")
print(len(lines), "lines", file=sys.stderr)
