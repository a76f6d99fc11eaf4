"""Writes encoder.onnx and decoder.onnx and checks that they can be read.

    /usr/bin/python3 export.py --package package --decoders decoder*.pth --out ..

encoder: `rgb` uint8 [1,H,W,3] -> `level0`..`level4` float [1,h,w,C]; H and W any multiples of 32.
decoder: `frame0`..`frame4`, `lawful0`..`lawful4` as the encoder's levels -> `heat` float [h,w] in 0..1, a quarter of H, W.
"""
import argparse
import hashlib
import os

import onnx
import torch
import torch.nn as nn

from eye import CHANNELS, NORMAL_EPSILON, STRIDES, Decoder, Encoder

OPSET = 17


class EncoderGraph(nn.Module):
    """The encoder with its normalisation as one operator, which ONNX Runtime has a kernel for: the same to the rounding."""

    def __init__(self, encoder):
        super().__init__()
        self.trunk = encoder.trunk
        self.normalise = nn.ModuleList([nn.InstanceNorm2d(c, eps=NORMAL_EPSILON) for c in CHANNELS])

    def forward(self, rgb):
        return tuple(n(x).permute(0, 2, 3, 1) for n, x in zip(self.normalise, self.trunk(rgb.permute(0, 3, 1, 2).float())))


class DecoderGraph(nn.Module):
    """Several decoders, the mean of whose logits counts. Distances are taken along the channels as they lie in memory: the same
    to the rounding, and faster."""

    def __init__(self, decoders):
        super().__init__()
        self.decoders = nn.ModuleList(decoders)

    def forward(self, *levels):
        seen = []
        for level, (w, u) in enumerate(zip(levels[:5], levels[5:])):
            likeness = (u * w).sum(-1) / ((u * u).sum(-1) * (w * w).sum(-1) + 1e-6).sqrt()
            seen.append(self.decoders[0].seen(level, w.permute(0, 3, 1, 2), u.permute(0, 3, 1, 2), likeness.unsqueeze(1)))
        return torch.sigmoid(sum(decoder.merged(seen) for decoder in self.decoders) / len(self.decoders))[0, 0]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--package", required=True)
    options.add_argument("--decoders", nargs="+", required=True)
    options.add_argument("--out", required=True)
    o = options.parse_args()
    encoder, decoders = Encoder(o.package), [Decoder() for _ in o.decoders]
    for decoder, file in zip(decoders, o.decoders):
        decoder.load_state_dict(torch.load(file))

    height, width = 288, 512
    levels = [torch.randn(1, height // s, width // s, c) for c, s in zip(CHANNELS, STRIDES)]
    names = [f"level{i}" for i in range(5)]
    sides = [f"{side}{i}" for side in ("frame", "lawful") for i in range(5)]
    free = {1: "height", 2: "width"}
    for name, graph, inputs, takes, gives in (
        ("encoder", EncoderGraph(encoder.eval()), (torch.zeros(1, height, width, 3, dtype=torch.uint8),), ["rgb"], names),
        ("decoder", DecoderGraph(decoders).eval(), tuple(levels * 2), sides, ["heat"]),
    ):
        path = os.path.join(o.out, name + ".onnx")
        axes = {tensor: {axis: f"{tensor}_{label}" for axis, label in free.items()} for tensor in takes}
        torch.onnx.export(graph, inputs, path, opset_version=OPSET, input_names=takes, output_names=gives, dynamic_axes=axes, do_constant_folding=True)
        onnx.checker.check_model(onnx.load(path))
        print(name, os.path.getsize(path), "bytes", hashlib.sha256(open(path, "rb").read()).hexdigest())


if __name__ == "__main__":
    main()
