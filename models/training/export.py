"""Writes encoder.onnx and decoder.onnx and checks that they can be read.

    /usr/bin/python3 export.py --backbone backbone.pth --decoder decoder.pth --out ..

encoder: `rgb` uint8 [1,H,W,3] -> `level0`..`level4` float [1,h,w,C]; H and W any multiples of 32.
decoder: `frame0`..`frame4`, `lawful0`..`lawful4` as the encoder's levels -> `heat` float [h,w] in 0..1, a quarter of H, W.
"""
import argparse
import hashlib
import os

import onnx
import torch
import torch.nn as nn

from eye import CHANNELS, LEVELS, NORMAL_EPSILON, STRIDES, Decoder, Encoder

OPSET = 17


class EncoderGraph(nn.Module):
    """The encoder with its normalisation as one operator, which ONNX Runtime has a kernel for: the same to the rounding."""

    def __init__(self, encoder):
        super().__init__()
        self.layers = encoder.layers
        self.normalise = nn.ModuleList([nn.InstanceNorm2d(c, eps=NORMAL_EPSILON) for c in CHANNELS])

    def forward(self, rgb):
        x, levels = rgb.permute(0, 3, 1, 2).float() / 127.5 - 1, []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in LEVELS:
                levels.append(self.normalise[len(levels)](x).permute(0, 2, 3, 1))
        return tuple(levels)


class DecoderGraph(nn.Module):
    """The decoder with its distances taken along the channels as they lie in memory: the same to the rounding, and faster."""

    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, *levels):
        apart = []
        for w, u in zip(levels[:5], levels[5:]):
            cosine = (u * w).sum(-1) / ((u * u).sum(-1) * (w * w).sum(-1) + 1e-6).sqrt()
            apart.append(torch.cat([(u - w).abs().permute(0, 3, 1, 2), 3 * (1 - cosine).unsqueeze(1)], 1))
        return torch.sigmoid(self.decoder.merged(apart))[0, 0]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--backbone", required=True)
    options.add_argument("--decoder", required=True)
    options.add_argument("--out", required=True)
    o = options.parse_args()
    encoder, decoder = Encoder(), Decoder()
    encoder.layers.load_state_dict(torch.load(o.backbone))
    decoder.load_state_dict(torch.load(o.decoder))

    height, width = 288, 512
    levels = [torch.randn(1, height // s, width // s, c) for c, s in zip(CHANNELS, STRIDES)]
    names = [f"level{i}" for i in range(5)]
    sides = [f"{side}{i}" for side in ("frame", "lawful") for i in range(5)]
    free = {1: "height", 2: "width"}
    for name, graph, inputs, takes, gives in (
        ("encoder", EncoderGraph(encoder.eval()), (torch.zeros(1, height, width, 3, dtype=torch.uint8),), ["rgb"], names),
        ("decoder", DecoderGraph(decoder.eval()), tuple(levels * 2), sides, ["heat"]),
    ):
        path = os.path.join(o.out, name + ".onnx")
        axes = {tensor: {axis: f"{tensor}_{label}" for axis, label in free.items()} for tensor in takes}
        torch.onnx.export(graph, inputs, path, opset_version=OPSET, input_names=takes, output_names=gives, dynamic_axes=axes, do_constant_folding=True)
        onnx.checker.check_model(onnx.load(path))
        print(name, os.path.getsize(path), "bytes", hashlib.sha256(open(path, "rb").read()).hexdigest())


if __name__ == "__main__":
    main()
