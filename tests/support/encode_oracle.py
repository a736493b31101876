#!/usr/bin/env python3
"""Writes tests/golden/encode_oracle.txt: how ml_dtypes rounds every float to E2M1 and E4M3.

Needs numpy and ml_dtypes. Rounding rises with the number, so the first float of every code says it
all; that it does rise is checked here, over all floats. ml_dtypes does not saturate: values are
clipped before.
"""
import pathlib
import sys

import ml_dtypes
import numpy

INFINITY = 0x7F800000  # bits of the last float that is no NaN
CHUNK = 1 << 23


def first_floats(dtype, largest, sign):
    """(code, bits of the first float that gets it), by rising magnitude."""
    rows = []
    last = None
    for start in range(0, INFINITY + 1, CHUNK):
        bits = numpy.arange(start, min(start + CHUNK, INFINITY + 1), dtype=numpy.uint32)
        values = (bits | numpy.uint32(sign << 31)).view(numpy.float32)
        codes = numpy.clip(values, -largest, largest).astype(dtype).view(numpy.uint8)
        changes = numpy.flatnonzero(numpy.diff(codes)) + 1
        for at in ([0] if last is None or codes[0] != last else []) + list(changes):
            rows.append((int(codes[at]), int(bits[at])))
        last = codes[-1]
    codes = [code for code, _ in rows]
    assert codes == sorted(set(codes)), "rounding does not rise"
    return rows


lines = [f"# The first float, as bits, that ml_dtypes {ml_dtypes.__version__} rounds to each code;"
         " made by tests/support/encode_oracle.py."]
for name, largest in (("float4_e2m1fn", 6.0), ("float8_e4m3fn", 448.0)):
    for sign in (0, 1):
        for code, bits in first_floats(getattr(ml_dtypes, name), largest, sign):
            lines.append(f"{name} {code:02x} {bits | sign << 31:08x}")
path = pathlib.Path(__file__).parent.parent / "golden" / "encode_oracle.txt"
path.write_text("\n".join(lines) + "\n")
print(len(lines), "lines", file=sys.stderr)
