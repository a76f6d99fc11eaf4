"""Trains the decoder on a frozen backbone.

    nice -n 10 /usr/bin/python3 train.py --backbone backbone.pth --renders DIR --sequences DIR... --pictures DIR \\
        --steps 2500 --out decoder.pth

Same seed and number of steps, same decoder (up to the order in which threads add floats). Interrupted, the same command
goes on from the last checkpoint beside --out.
"""
import argparse
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from eye import Decoder, cosine, load_encoder
from samples import Sampler, Sources

CHECKPOINT_STEPS = 200


class Batches(torch.utils.data.Dataset):
    """Batch number n is made from seed + n alone, so that any worker may make it."""

    def __init__(self, sources, seed, first, last, size):
        self.sources, self.seed, self.first, self.count, self.size = sources, seed, first, last - first, size

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        number = self.first + index
        sampler = Sampler(self.sources, self.seed * 1_000_003 + number)
        k = sampler.rng.choices([1, 2, 3, 4], [4, 3, 2, 2])[0]
        drawn = [sampler.sample(k) for _ in range(self.size)]
        lawful, frame, mask = (np.stack(part) for part in zip(*drawn))
        return lawful, frame, mask


def tensor(pictures):
    """uint8 [...,H,W,3] -> float [N,3,H,W] in -1..1."""
    flat = torch.as_tensor(pictures).flatten(0, -4).permute(0, 3, 1, 2)
    return (flat.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def features(encoder, lawful, frame):
    """Levels of the frames and of the nearest lawful past of each."""
    n, k = lawful.shape[:2]
    levels = encoder(torch.cat([tensor(frame), tensor(lawful)]))
    frames, chosen = [], []
    for level in levels:
        level = level.contiguous()
        w, u = level[:n], level[n:].unflatten(0, (n, k))
        c = level.shape[1]
        near = cosine(w.repeat_interleave(k, 0), u.flatten(0, 1)).unflatten(0, (n, k)).argmax(1)  # [n,1,h,w]
        frames.append(w)
        chosen.append(u.gather(1, near[:, None].expand(-1, 1, c, -1, -1))[:, 0])
    return frames, chosen


def loss_of(logits, mask):
    logits = F.interpolate(logits, size=mask.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    target = mask.float()
    cross = F.binary_cross_entropy_with_logits(logits, target, pos_weight=torch.tensor(2.0))
    p = torch.sigmoid(logits)
    dice = 1 - (2 * (p * target).sum() + 1) / (p.sum() + target.sum() + 1)
    return cross + 0.5 * dice


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--backbone", required=True)
    options.add_argument("--renders", nargs="*", default=[])
    options.add_argument("--sequences", nargs="*", default=[])
    options.add_argument("--pictures", nargs="*", default=[])
    options.add_argument("--steps", type=int, default=2500)
    options.add_argument("--batch", type=int, default=8)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rate", type=float, default=2e-3)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--out", required=True)
    o = options.parse_args()

    torch.set_num_threads(max(1, 2 - o.workers) if o.workers else 2)
    torch.manual_seed(o.seed)
    sources = Sources(o.renders, o.sequences, o.pictures)
    print(f"{len(sources.places)} places, {len(sources.cutouts)} structures, {len(sources.sequences)} sequences, {len(sources.people)} passers, {len(sources.pictures)} pictures", flush=True)
    encoder, decoder = load_encoder(o.backbone), Decoder()
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=o.rate, weight_decay=1e-4)
    step, checkpoint = 0, o.out + ".checkpoint"
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        decoder.load_state_dict(saved["decoder"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
        print(f"going on from step {step}", flush=True)

    loader = torch.utils.data.DataLoader(Batches(sources, o.seed, step, o.steps, o.batch), batch_size=None, num_workers=o.workers)
    recent, began = [], time.monotonic()
    for lawful, frame, mask in loader:
        for group in optimiser.param_groups:
            group["lr"] = o.rate * min(1, (step + 1) / 40) * 0.5 * (1 + np.cos(np.pi * step / o.steps)) + 1e-6
        frames, chosen = features(encoder, lawful, frame)
        loss = loss_of(decoder(frames, chosen), torch.as_tensor(mask))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        recent.append(loss.item())
        step += 1
        if step % 50 == 0:
            print(f"{time.monotonic() - began:.0f} s, step {step}, loss {np.mean(recent[-50:]):.3f}", flush=True)
        if step % CHECKPOINT_STEPS == 0:
            torch.save({"decoder": decoder.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, checkpoint + ".part")
            os.replace(checkpoint + ".part", checkpoint)
    torch.save(decoder.state_dict(), o.out)


if __name__ == "__main__":
    main()
