"""The frozen backbone: MobileNetV2 1.0 as the npm package `nsfwjs` (MIT) bundles it, turned into torchvision's layers.

The package stores 8-bit weights: value = byte * scale + min, tensor after tensor, in the order of its manifest.
Only blocks 0..17 are kept; their classification head is of no use here.

    npm pack nsfwjs@4.3.0 && tar xzf nsfwjs-4.3.0.tgz      # leaves ./package
    /usr/bin/python3 backbone.py package backbone.pth
"""
import base64
import json
import os
import subprocess
import sys

import numpy as np
import torch
import torchvision

LAST_BLOCK = 17

_DUMP = """
const folder = process.argv[1] + '/dist/models/mobilenet_v2/';
const model = require(folder + 'model.min.js'), shard = require(folder + 'group1-shard1of1.min.js');
process.stdout.write(JSON.stringify({
  weights: (model.default ?? model).weightsManifest[0].weights,
  bytes: shard.default ?? shard,
}));
"""


def read_package(folder):
    """Tensors of the package by their Keras names."""
    dumped = json.loads(subprocess.run(["node", "-e", _DUMP, os.path.abspath(folder)], check=True, capture_output=True).stdout)
    raw, at, tensors = base64.b64decode(dumped["bytes"]), 0, {}
    for entry in dumped["weights"]:
        count = int(np.prod(entry["shape"]))
        quantised = entry["quantization"]
        kind = np.dtype(quantised["dtype"])
        values = np.frombuffer(raw, kind, count, at).astype(np.float32) * quantised["scale"] + quantised["min"]
        tensors[entry["name"]] = values.reshape(entry["shape"])
        at += count * kind.itemsize
    if at != len(raw):
        raise SystemExit(f"{folder}: {len(raw)} bytes of weights, {at} expected")
    return tensors


def to_torch(tensors):
    """State of `torchvision.models.mobilenet_v2().features[:18]`."""
    state = empty().state_dict()

    def conv(key, name, depthwise=False):
        kernel = tensors[name].transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
        assert tuple(state[key + ".weight"].shape) == kernel.shape, key
        state[key + ".weight"] = torch.from_numpy(kernel.copy())

    def norm(key, name):
        for ours, theirs in (
            ("weight", "gamma"),
            ("bias", "beta"),
            ("running_mean", "moving_mean"),
            ("running_var", "moving_variance"),
        ):
            values = tensors[f"{name}/{theirs}"]
            # Quantisation can leave a variance at or below zero.
            values = np.maximum(values, 1e-4) if theirs == "moving_variance" else values
            state[f"{key}.{ours}"] = torch.from_numpy(values.copy())

    conv("0.0", "Conv1/kernel")
    norm("0.1", "bn_Conv1")
    conv("1.conv.0.0", "expanded_conv_depthwise/depthwise_kernel", depthwise=True)
    norm("1.conv.0.1", "expanded_conv_depthwise_BN")
    conv("1.conv.1", "expanded_conv_project/kernel")
    norm("1.conv.2", "expanded_conv_project_BN")
    for block in range(1, LAST_BLOCK):
        ours, theirs = f"{block + 1}.conv", f"block_{block}_"
        conv(f"{ours}.0.0", theirs + "expand/kernel")
        norm(f"{ours}.0.1", theirs + "expand_BN")
        conv(f"{ours}.1.0", theirs + "depthwise/depthwise_kernel", depthwise=True)
        norm(f"{ours}.1.1", theirs + "depthwise_BN")
        conv(f"{ours}.2", theirs + "project/kernel")
        norm(f"{ours}.3", theirs + "project_BN")
    return state


def empty():
    """The layers without weights, with Keras' epsilon, frozen."""
    layers = torchvision.models.mobilenet_v2().features[: LAST_BLOCK + 1]
    for module in layers.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3
    for parameter in layers.parameters():
        parameter.requires_grad = False
    return layers.eval()


if __name__ == "__main__":
    torch.save(to_torch(read_package(sys.argv[1])), sys.argv[2])
