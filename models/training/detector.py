"""The people and vehicle detector: CenterNet on MobileNetV3 (COCO), as the npm package `@vladmandic/human` (MIT) bundles it.

The package stores a frozen TensorFlow.js graph with 16-bit weights. It is walked here node by node in torch, up to the map
of classes and the map of box sides; the sorting behind them is done where it is used. It has no fixed size: any picture
whose sides are multiples of 32 will do.

    npm pack @vladmandic/human@3.3.6 && tar xzf vladmandic-human-3.3.6.tgz      # leaves ./package
    /usr/bin/python3 detector.py package ../detector.onnx

detector.onnx: `rgb` uint8 [1,H,W,3] -> `score` float [h,w], the highest score of any person or vehicle centred on the cell,
0 where a neighbour is higher; `box` float [h,w,4], the reach left, up, right and down of the cell's corner as shares of the
picture; h and w a quarter of H, W.
"""
import base64
import hashlib
import json
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

OPSET = 17
# Numbers of COCO's 80 classes: person, bicycle, car, motorcycle, bus, train, truck; bird, cat, dog; umbrella is a parasol.
MOVERS = (0, 1, 2, 3, 5, 6, 7, 14, 15, 16)
CLASSES, SIDES = "tower_0/keypoints", "tower_0/wh"
STRIDE = 4


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


def text(value):
    return base64.b64decode(value).decode()


def same(x, kernel, stride):
    """TensorFlow's SAME padding, which puts the odd row and column behind."""
    pads = []
    for size, k in ((x.shape[-1], kernel[1]), (x.shape[-2], kernel[0])):
        # Sides are multiples of 32, so that every grid is even where it is halved.
        whole = max(k - stride, 0) if stride > 1 else k - 1
        pads += [whole // 2, whole - whole // 2]
    return F.pad(x, pads)


def doubled(x):
    """Bilinear, twice the size, cell i at 2i: TensorFlow's older way."""

    def along(x, dim):
        rest, last = (x[:, :, 1:], x[:, :, -1:]) if dim == 2 else (x[:, :, :, 1:], x[:, :, :, -1:])
        return torch.stack([x, (x + torch.cat([rest, last], dim)) / 2], dim + 1).flatten(dim, dim + 1)

    return along(along(x, 2), 3)


class Detector(nn.Module):
    """rgb [N,3,H,W] in 0..255 -> values of the asked nodes, channels second."""

    def __init__(self, folder, asked=(CLASSES, SIDES)):
        super().__init__()
        self.nodes, self.constants = read_package(folder)
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
                x = of(sources[0])
                if text(node["attr"]["padding"]["s"]) == "SAME":
                    x = same(x, kernel.shape[-2:], stride)
                x = F.conv2d(x, kernel, bias, stride, groups=kernel.shape[0] if "epthwise" in op else 1)
                fused = [text(s) for s in node["attr"].get("fused_ops", {}).get("list", {}).get("s", [])]
                if "Relu" in fused:
                    x = F.relu(x)
                elif "Relu6" in fused:
                    x = F.relu6(x)
            elif op == "Mul":
                x = of(sources[0]) * of(sources[1])
            elif op == "Add":
                x = of(sources[0]) + of(sources[1])
            elif op == "Relu6":
                x = F.relu6(of(sources[0]))
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


class DetectorGraph(nn.Module):
    def __init__(self, detector):
        super().__init__()
        self.detector = detector

    def forward(self, rgb):
        classes, sides = self.detector(rgb.permute(0, 3, 1, 2).float())
        score = classes[:, list(MOVERS)].amax(1, keepdim=True)
        score = score * (score >= F.max_pool2d(score, 3, 1, 1)).float()
        height, width = rgb.shape[1], rgb.shape[2]
        reach = sides[0].permute(1, 2, 0)
        return score[0, 0], torch.cat([reach[..., 0:1] / width, reach[..., 1:2] / height, reach[..., 2:3] / width, reach[..., 3:4] / height], -1)


def main(folder, out):
    import onnx

    graph = DetectorGraph(Detector(folder)).eval()
    torch.onnx.export(
        graph,
        (torch.zeros(1, 288, 512, 3, dtype=torch.uint8),),
        out,
        opset_version=OPSET,
        input_names=["rgb"],
        output_names=["score", "box"],
        dynamic_axes={"rgb": {1: "height", 2: "width"}},
        do_constant_folding=True,
    )
    onnx.checker.check_model(onnx.load(out))
    print("detector", os.path.getsize(out), "bytes", hashlib.sha256(open(out, "rb").read()).hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
