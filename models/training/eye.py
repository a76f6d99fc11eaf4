"""The comparison network.

Encoder: frozen MobileNetV2; five levels, each channel normalised over the picture so that exposure and colour casts fall
out. Decoder: at each level the frame's features and those of the nearest lawful past of each place, as absolute
difference and cosine distance, reduced and merged from coarse to fine into one logit a place at a quarter of the size.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

import backbone

LEVELS = (3, 6, 10, 13, 17)  # blocks tapped
CHANNELS = (24, 32, 64, 96, 320)
STRIDES = (4, 8, 16, 16, 32)
NORMAL_EPSILON = 1e-3  # keeps a channel that is all but flat from becoming noise


class Encoder(nn.Module):
    """rgb [N,3,H,W] in -1..1 -> five normalised feature maps [N,C,H/stride,W/stride]."""

    def __init__(self):
        super().__init__()
        self.layers = backbone.empty()

    def train(self, mode=True):
        return super().train(False)

    def forward(self, rgb):
        levels, x = [], rgb
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in LEVELS:
                mean = x.mean((2, 3), keepdim=True)
                centred = x - mean
                variance = (centred * centred).mean((2, 3), keepdim=True)
                levels.append(centred / (variance + NORMAL_EPSILON).sqrt())
        return levels


def load_encoder(path):
    """The encoder, frozen and fused: twice as fast as layer by layer. Takes float [N,3,H,W], channels last."""
    encoder = Encoder()
    encoder.layers.load_state_dict(torch.load(path))
    encoder.eval().to(memory_format=torch.channels_last)
    example = torch.zeros(2, 3, 256, 256).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        return torch.jit.freeze(torch.jit.trace(encoder, example, check_trace=False, strict=False))


def cosine(u, w):
    """Cosine of the angle between the channel vectors of each place, [N,1,h,w]."""
    dot = (u * w).sum(1, keepdim=True)
    return dot / ((u * u).sum(1, keepdim=True) * (w * w).sum(1, keepdim=True) + 1e-6).sqrt()


def nearest(frame, baselines):
    """Per place and level, the baseline feature vector nearest to the frame's by cosine.

    frame: levels of [1,C,h,w]; baselines: levels of [K,C,h,w]; answers levels of [1,C,h,w].
    """
    chosen = []
    for w, u in zip(frame, baselines):
        best = cosine(u, w.expand_as(u)).argmax(0, keepdim=True)  # [1,1,h,w]
        chosen.append(u.gather(0, best.expand(1, u.shape[1], -1, -1)))
    return chosen


def _block(i, o, kernel=3, groups=1):
    return nn.Sequential(
        nn.Conv2d(i, o, kernel, padding=kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)
    )


def _separable(i, o):
    return nn.Sequential(_block(i, i, 3, i), _block(i, o, 1))


def _doubled(x):
    """By a fixed scale, which the sides' being multiples of 32 allows: ONNX Runtime has a quick kernel for it."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """(frame levels, nearest levels) -> logits [N,1,H/4,W/4]."""

    def __init__(self):
        super().__init__()
        self.reduce = nn.ModuleList([_block(c + 1, 48, 1) for c in CHANNELS])
        self.mix16 = _separable(96, 64)
        self.mix32 = _separable(112, 64)
        self.mix8 = _separable(112, 48)
        self.mix4 = _separable(96, 32)
        self.head = nn.Conv2d(32, 1, 1)
        nn.init.constant_(self.head.bias, -2.0)

    def forward(self, frame, lawful):
        return self.merged([torch.cat([(u - w).abs(), 3 * (1 - cosine(u, w))], 1) for w, u in zip(frame, lawful)])

    def merged(self, apart):
        """Differences and distance at each level, [N,C+1,h,w] -> logits, from coarse to fine."""
        r = [reduce(x) for reduce, x in zip(self.reduce, apart)]
        y = self.mix16(torch.cat([r[2], r[3]], 1))
        y = self.mix32(torch.cat([y, _doubled(r[4])], 1))
        y = self.mix8(torch.cat([_doubled(y), r[1]], 1))
        y = self.mix4(torch.cat([_doubled(y), r[0]], 1))
        return self.head(y)
