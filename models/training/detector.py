"""The people and vehicle detector: the whole of CenterNet, up to the map of classes and the map of box sides; the sorting behind
them is done where it is used.

    /usr/bin/python3 detector.py package ../detector.onnx

detector.onnx: `rgb` uint8 [1,H,W,3] -> `score` float [h,w], the highest score of any person or vehicle centred on the cell,
0 where a neighbour is higher; `box` float [h,w,4], the reach left, up, right and down of the cell's corner as shares of the
picture; h and w a quarter of H, W.
"""
import hashlib
import os
import sys

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

from centernet import Centernet

OPSET = 17
# Numbers of COCO's 80 classes: person, bicycle, car, motorcycle, bus, train, truck; bird, cat, dog; umbrella is a parasol.
MOVERS = (0, 1, 2, 3, 5, 6, 7, 14, 15, 16)
CLASSES, SIDES = "tower_0/keypoints", "tower_0/wh"


class DetectorGraph(nn.Module):
    def __init__(self, centernet):
        super().__init__()
        self.centernet = centernet

    def forward(self, rgb):
        classes, sides = self.centernet(rgb.permute(0, 3, 1, 2).float())
        score = classes[:, list(MOVERS)].amax(1, keepdim=True)
        score = score * (score >= F.max_pool2d(score, 3, 1, 1)).float()
        height, width = rgb.shape[1], rgb.shape[2]
        reach = sides[0].permute(1, 2, 0)
        return score[0, 0], torch.cat([reach[..., 0:1] / width, reach[..., 1:2] / height, reach[..., 2:3] / width, reach[..., 3:4] / height], -1)


def main(folder, out):
    graph = DetectorGraph(Centernet(folder, (CLASSES, SIDES))).eval()
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
