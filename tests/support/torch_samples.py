"""Packs samples of torch.save and torch.distributed.checkpoint into texts that the tests unpack.

    torch_samples.py pickle DIR > tests/field/torch_save.txt
    torch_samples.py dcp DIR > tests/field/dcp.txt
    torch_samples.py ranks DIR > tests/field/ranks.txt

The last needs torch: DIR holds directories of rank files, each with a NAME.truth of whole tensors.

DIR holds what the real writers wrote, files with a broken rule, and an expected.json that a slow
reader in Python has confirmed: dtype, shape and sha256 of every tensor, or the rule.
"""
import base64
import json
import os
import sys
import zlib


def packed(path):
    return base64.b64encode(zlib.compress(open(path, "rb").read(), 9)).decode()


def quoted(text):
    return json.dumps(text)


def tensors(rows):
    for name, row in sorted(rows.items()):
        shape = ",".join(map(str, row["shape"])) or "scalar"
        print("tensor", row["dtype"], shape, row["sha256"], quoted(name))


def pickles(root):
    expected = json.load(open(os.path.join(root, "expected.json")))
    for kind in ("good", "hostile"):
        for name, row in sorted(expected[kind].items()):
            print("case", row["verdict"], quoted(name), quoted(row.get("why", "")))
            for foreign in row.get("foreign", []):
                print("foreign", quoted(foreign))
            tensors(row.get("tensors", {}))
            for whole, part in sorted(row.get("whole", {}).items()):
                shape = ",".join(map(str, part["shape"])) or "scalar"
                print("optim", part["dtype"], shape, part["sha256"], quoted(whole))
            print("file", quoted(name), packed(os.path.join(root, kind, name)))


def dcp(root):
    for case in sorted(os.listdir(root)):
        path = os.path.join(root, case, "expected.json")
        if not os.path.exists(path):
            continue
        expected = json.load(open(path))
        print("case", expected.get("verdict", "reads"), quoted(case), quoted(expected.get("why", "")))
        tensors(expected.get("tensors", {}))
        if "optim" in expected:
            for name, row in sorted(expected["optim"]["tensors"].items()):
                shape = ",".join(map(str, row["shape"])) or "scalar"
                print("optim", row["dtype"], shape, row["sha256"], quoted(name))
        top = os.path.join(root, case, "ckpt")
        for folder, folders, files in os.walk(top):
            for name in sorted(files + [one for one in folders if os.path.islink(os.path.join(folder, one))]):
                full = os.path.join(folder, name)
                short = os.path.relpath(full, top)
                if os.path.islink(full):
                    print("link", quoted(short), quoted(os.readlink(full)))
                else:
                    print("file", quoted(short), packed(full))


def ranks(root):
    import hashlib
    import torch
    names = {torch.float32: "F32", torch.bfloat16: "BF16"}
    for name in sorted(one[:-6] for one in os.listdir(root) if one.endswith(".truth")):
        print("case", "reads", quoted(name), quoted(""))
        whole = torch.load(os.path.join(root, name + ".truth"))
        rows = {}
        for key, tensor in whole.items():
            data = tensor.contiguous().view(torch.uint8).numpy().tobytes()
            rows[key] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape),
                         "sha256": hashlib.sha256(data).hexdigest()}
        tensors(rows)
        for file in sorted(os.listdir(os.path.join(root, name))):
            print("file", quoted(file), packed(os.path.join(root, name, file)))


{"pickle": pickles, "dcp": dcp, "ranks": ranks}[sys.argv[1]](sys.argv[2])
