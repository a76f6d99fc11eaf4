"""The network that both the encoder and the detector are parts of: CenterNet on MobileNetV3, trained on COCO, as the npm
package `@vladmandic/human` (MIT) bundles it.

The package stores a frozen TensorFlow.js graph with 16-bit weights. It is walked here node by node in torch, up to whatever
nodes are asked for. It has no fixed size: any picture whose sides are multiples of 32 will do.

    npm pack @vladmandic/human@3.3.6 && tar xzf vladmandic-human-3.3.6.tgz      # leaves ./package
"""
import base64
import json
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def read_package(folder):
    """(nodes by name, constants by name)"""
    with open(os.path.join(folder, "models", "centernet.json")) as file:
        model = json.load(file)
    with open(os.path.join(folder, "models", "centernet.bin"), "rb") as file:
        raw = file.read()
    at, constants = 0, {}
    for group in model["weightsManifest"]:
        for entry in group["weights"]:
            count = int(np.prod(entry["shape"]))
            kind = np.dtype(entry.get("quantization", entry)["dtype"])
            values = np.frombuffer(raw, kind, count, at).reshape(entry["shape"])
            constants[entry["name"]] = values.astype(np.float32) if kind.kind == "f" else values
            at += count * kind.itemsize
    if at != len(raw):
        raise SystemExit(f"{folder}: {len(raw)} bytes of weights, {at} expected")
    return {node["name"]: node for node in model["modelTopology"]["node"]}, constants


def hardened(nodes, constants):
    """The nodes with relu6(x + 3) / 6 and x times that, which take three and four there, as one: runtimes have kernels for them."""

    def of(name, op):
        node = nodes.get(name)
        return node["input"] if node and node["op"] == op else None

    def near(name, value):
        return name in constants and abs(float(constants[name]) - value) < 1e-3

    def clipped(name):
        """x, where `name` is relu6(x + 3)"""
        inner = of(name, "Relu6")
        added = inner and of(inner[0], "Add")
        return next((x for x, three in (added, added[::-1]) if near(three, 3)), None) if added else None

    def sixth(name):
        """x, where `name` is x / 6"""
        factors = of(name, "Mul")
        return next((x for x, by in (factors, factors[::-1]) if near(by, 1 / 6)), None) if factors else None

    found = {}
    for name, node in nodes.items():
        if node["op"] != "Mul":
            continue
        part = sixth(name)
        if part and clipped(part):
            found[name] = {**node, "op": "HardSigmoid", "input": [clipped(part)]}
        for a, b in (node["input"], node["input"][::-1]):
            if sixth(a) and sixth(a) == clipped(b):
                found[name] = {**node, "op": "HardSwish", "input": [sixth(a)]}
    return {**nodes, **found}


def text(value):
    return base64.b64decode(value).decode()


def convolved(x, kernel, bias, stride, groups):
    """With TensorFlow's SAME padding, which puts the odd row and column behind; sides are even where they are halved."""
    size = int(kernel.shape[-1])
    if stride == 1:
        return F.conv2d(x, kernel, bias, padding=size // 2, groups=groups)
    whole = max(size - stride, 0)
    return F.conv2d(F.pad(x, [whole // 2, whole - whole // 2] * 2), kernel, bias, stride, groups=groups)


def doubled(x):
    """Bilinear, twice the size, cell i at 2i: TensorFlow's older way."""

    def along(x, dim):
        rest, last = (x[:, :, 1:], x[:, :, -1:]) if dim == 2 else (x[:, :, :, 1:], x[:, :, :, -1:])
        return torch.stack([x, (x + torch.cat([rest, last], dim)) / 2], dim + 1).flatten(dim, dim + 1)

    return along(along(x, 2), 3)


class Centernet(nn.Module):
    """rgb [N,3,H,W] in 0..255 -> values of the asked nodes, channels second. Nothing in it is trained."""

    def __init__(self, folder, asked):
        super().__init__()
        nodes, self.constants = read_package(folder)
        self.nodes = hardened(nodes, self.constants)
        self.asked = asked
        self.order = []
        for name in asked:
            self._reach(name)
        self.weights = nn.ParameterDict()
        for name in self.order:
            node = self.nodes[name]
            if node["op"] in ("_FusedConv2D", "Conv2D"):
                self._keep(name, self.constants[node["input"][1]].transpose(3, 2, 0, 1), node["input"][2:])
            elif node["op"] in ("FusedDepthwiseConv2dNative", "DepthwiseConv2dNative"):
                self._keep(name, self.constants[node["input"][1]].transpose(2, 3, 0, 1), node["input"][2:])

    def _keep(self, name, kernel, rest):
        key = name.replace(".", "_")
        self.weights[key + "/kernel"] = nn.Parameter(torch.from_numpy(kernel.copy()), requires_grad=False)
        if rest:
            self.weights[key + "/bias"] = nn.Parameter(torch.from_numpy(self.constants[rest[0]].copy()), requires_grad=False)

    def _reach(self, name):
        if name in self.order or self.nodes[name]["op"] == "Const":
            return
        for source in self.nodes[name].get("input", []):
            if source not in self.constants:
                self._reach(source)
        self.order.append(name)

    def forward(self, rgb):
        values = {}

        def of(name):
            return values[name] if name in values else float(self.constants[name])

        for name in self.order:
            node, key = self.nodes[name], name.replace(".", "_")
            op, sources = node["op"], node.get("input", [])
            if op == "Placeholder":
                x = rgb
            elif "Conv2" in op or "Conv2d" in op:
                kernel = self.weights[key + "/kernel"]
                bias = self.weights[key + "/bias"] if key + "/bias" in self.weights else None
                stride = int(node["attr"]["strides"]["list"]["i"][1])
                if int(kernel.shape[-1]) > 1 and text(node["attr"]["padding"]["s"]) != "SAME":
                    raise SystemExit(f"{name}: only SAME padding here")
                x = convolved(of(sources[0]), kernel, bias, stride, kernel.shape[0] if "epthwise" in op else 1)
                fused = [text(s) for s in node["attr"].get("fused_ops", {}).get("list", {}).get("s", [])]
                if "Relu" in fused:
                    x = F.relu(x)
                elif "Relu6" in fused:
                    x = F.relu6(x)
            elif op == "HardSwish":
                x = F.hardswish(of(sources[0]))
            elif op == "HardSigmoid":
                x = F.hardsigmoid(of(sources[0]))
            elif op == "Mul":
                x = of(sources[0]) * of(sources[1])
            elif op == "Add":
                x = of(sources[0]) + of(sources[1])
            elif op == "Relu":
                x = F.relu(of(sources[0]))
            elif op == "Sigmoid":
                x = torch.sigmoid(of(sources[0]))
            elif op == "Identity":
                x = of(sources[0])
            elif op == "Mean":
                x = of(sources[0]).mean((2, 3), keepdim=True)
            elif op == "ConcatV2":
                x = torch.cat([of(s) for s in sources[:-1]], 1)
            elif op == "ResizeBilinear":
                x = doubled(of(sources[0]))
            else:
                raise SystemExit(f"{name}: no {op} here")
            values[name] = x
        return tuple(values[name] for name in self.asked)
