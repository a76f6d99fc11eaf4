"""The comparison network.

Encoder: the frozen trunk of the detector, MobileNetV3; five levels, each channel normalised over the picture so that exposure
and colour casts fall out. Decoder: at each level the frame's features and those of the nearest lawful past of each place, as absolute
difference and cosine distance, and at the coarse levels the frame's features themselves, which know a car from a wall; reduced
and merged from coarse to fine into one logit a place at a quarter of the size.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from centernet import Centernet

LEVELS = tuple(f"tower_0/MobilenetV3/expanded_conv_{block}/add" for block in (2, 5, 9, 11, 14))
CHANNELS = (24, 32, 64, 88, 120)
STRIDES = (4, 8, 16, 16, 32)
OWN = (False, False, True, True, True)  # levels of which the decoder sees the frame's own features
NORMAL_EPSILON = 1e-3  # keeps a channel that is all but flat from becoming noise


class Encoder(nn.Module):
    """rgb [N,3,H,W] in -1..1 -> five normalised feature maps [N,C,H/stride,W/stride]."""

    def __init__(self, package):
        super().__init__()
        self.trunk = Centernet(package, LEVELS)

    def forward(self, rgb):
        levels = []
        for x in self.trunk((rgb + 1) * 127.5):
            centred = x - x.mean((2, 3), keepdim=True)
            variance = (centred * centred).mean((2, 3), keepdim=True)
            levels.append(centred / (variance + NORMAL_EPSILON).sqrt())
        return levels


def load_encoder(package, device="cpu"):
    """The encoder, frozen and fused: twice as fast as layer by layer. Takes float [N,3,H,W], channels last, of the device."""
    encoder = Encoder(package).eval().to(device, memory_format=torch.channels_last)
    example = torch.zeros(2, 3, 256, 256, device=device).contiguous(memory_format=torch.channels_last)
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
        self.reduce = nn.ModuleList([_block(c * (2 if own else 1) + 1, 48, 1) for c, own in zip(CHANNELS, OWN)])
        self.mix16 = _separable(96, 64)
        self.mix32 = _separable(112, 64)
        self.mix8 = _separable(112, 48)
        self.mix4 = _separable(96, 32)
        self.head = nn.Conv2d(32, 1, 1)
        nn.init.constant_(self.head.bias, -2.0)

    def forward(self, frame, lawful):
        return self.merged([self.seen(level, w, u, cosine(u, w)) for level, (w, u) in enumerate(zip(frame, lawful))])

    def seen(self, level, w, u, likeness):
        """What the decoder sees of a level: frame w and lawful u [N,C,h,w], their cosine [N,1,h,w] -> [N,C+1 or 2C+1,h,w]."""
        return torch.cat([(u - w).abs(), 3 * (1 - likeness)] + ([0.5 * w] if OWN[level] else []), 1)

    def merged(self, seen):
        """What is seen of each level -> logits, from coarse to fine."""
        r = [reduce(x) for reduce, x in zip(self.reduce, seen)]
        y = self.mix16(torch.cat([r[2], r[3]], 1))
        y = self.mix32(torch.cat([y, _doubled(r[4])], 1))
        y = self.mix8(torch.cat([_doubled(y), r[1]], 1))
        y = self.mix4(torch.cat([_doubled(y), r[0]], 1))
        return self.head(y)
