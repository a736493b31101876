"""What others do the same work with, one job a process, so that ckptscope-bench can time it:

    headers PATH       safetensors: every key, dtype and shape
    stat PATH          torch: least, largest, mean, deviation and zeros of every tensor
    native PATH OUT    torch: GPT-OSS into the native layout, as NeMo Automodel decodes it
    mxfp4 PATH OUT     gguf: the experts of that, quantised to MXFP4
    make-fp8 PATH      a checkpoint of E4M3 with scales by block, 1.4 GB
    bf16 PATH OUT      compressed-tensors: that one, decoded to BF16

Wants: pip install torch safetensors gguf compressed-tensors.
"""
import glob
import json
import os
import sys


def shards(path):
    return sorted(glob.glob(path + "/*.safetensors"))


def headers(path):
    from safetensors import safe_open
    for file in shards(path):
        with safe_open(file, "pt") as shard:
            for key in shard.keys():
                view = shard.get_slice(key)
                view.get_dtype(), view.get_shape()


def stat(path):
    from safetensors import safe_open
    for file in shards(path):
        with safe_open(file, "pt") as shard:
            for key in shard.keys():
                values = shard.get_tensor(key).float()
                print(key, values.min().item(), values.max().item(), values.mean().item(),
                      values.std().item(), (values == 0).sum().item())


def decoded(blocks, scales):
    """The values of two codes a byte and an exponent for each 32, a slice of rows at a time."""
    import torch
    values = torch.tensor([0, .5, 1, 1.5, 2, 3, 4, 6, -0.0, -.5, -1, -1.5, -2, -3, -4, -6],
                          dtype=torch.bfloat16)
    *lead, groups, size = blocks.shape
    codes = blocks.reshape(-1, size)
    exponents = (scales.to(torch.int32) - 127).reshape(-1, 1)
    out = torch.empty(codes.shape[0], 2 * size, dtype=torch.bfloat16)
    at_once = 1 << 20
    for begin in range(0, codes.shape[0], at_once):
        rows = slice(begin, begin + at_once)
        out[rows, 0::2] = values[(codes[rows] & 15).long()]
        out[rows, 1::2] = values[(codes[rows] >> 4).long()]
        torch.ldexp(out[rows], exponents[rows], out=out[rows])
    return out.reshape(*lead, groups * size * 2).transpose(1, 2).contiguous()


def native(path, out):
    from safetensors.torch import load_file, save_file
    os.makedirs(out)
    names = {"gate_up_proj": "gate_and_up_projs", "down_proj": "down_projs"}
    state = {}
    for file in shards(path):
        state.update(load_file(file))
    made = {}
    for key, tensor in state.items():
        if key.endswith("_blocks"):
            name = key.removesuffix("_blocks")
            lead, last = name.rsplit(".", 1)
            made[f"{lead}.{names[last]}"] = decoded(tensor, state[name + "_scales"])
        elif not key.endswith("_scales"):
            made[key.replace(".mlp.router.", ".mlp.gate.")] = tensor
    save_file(made, out + "/model.safetensors")


def mxfp4(path, out):
    import gguf
    from safetensors import safe_open
    os.makedirs(out)
    with open(out + "/codes", "wb") as codes:
        for file in shards(path):
            with safe_open(file, "pt") as shard:
                for key in shard.keys():
                    if not key.endswith(("down_projs", "gate_and_up_projs")):
                        continue
                    for expert in shard.get_tensor(key):
                        rows = expert.T.contiguous().float().numpy()
                        codes.write(gguf.quants.quantize(
                            rows, gguf.GGMLQuantizationType.MXFP4).tobytes())


def make_fp8(path):
    import torch
    from safetensors.torch import save_file
    os.makedirs(path)
    torch.manual_seed(1)
    state = {}
    for expert in range(32):
        for name, rows, columns in (("gate_proj", 2048, 7168), ("up_proj", 2048, 7168),
                                    ("down_proj", 7168, 2048)):
            key = f"model.layers.3.mlp.experts.{expert}.{name}.weight"
            state[key] = (torch.randn(rows, columns) * 100).to(torch.float8_e4m3fn)
            state[key + "_scale_inv"] = torch.rand(rows // 128, columns // 128) * 1e-4
    save_file(state, path + "/model.safetensors")
    quantised = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}
    with open(path + "/config.json", "w") as config:
        json.dump({"model_type": "deepseek_v3", "quantization_config": quantised}, config)


def bf16(path, out):
    from compressed_tensors.entrypoints.convert import FP8BlockDequantizer, convert_checkpoint
    convert_checkpoint(path, out, FP8BlockDequantizer.from_pretrained(path))


job, *paths = sys.argv[1:]
{"headers": headers, "stat": stat, "native": native, "mxfp4": mxfp4, "make-fp8": make_fp8,
 "bf16": bf16}[job](*paths)
