"""Trains a decoder on what prepare.py made.

    nice -n 10 /usr/bin/python3 train.py CACHE --epochs 1 --out decoder.pth

Same cache and seed, same decoder (up to the order in which threads add floats). Interrupted, the same command goes on
from the last checkpoint beside --out. CUDA is used where there is one.
"""
import argparse
import glob
import os
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

from eye import Decoder

CHECKPOINT_STEPS = 200


class Batches(torch.utils.data.Dataset):
    def __init__(self, files):
        self.files = files

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        with np.load(self.files[index]) as stored:
            frame, lawful = ([stored[f"{side}{i}"].astype(np.float32) for i in range(5)] for side in ("frame", "lawful"))
            return frame, lawful, stored["mask"]


def loss_of(logits, mask):
    logits = F.interpolate(logits, size=mask.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    target = mask.float()
    cross = F.binary_cross_entropy_with_logits(logits, target, pos_weight=torch.tensor(2.0, device=logits.device))
    p = torch.sigmoid(logits)
    dice = 1 - (2 * (p * target).sum() + 1) / (p.sum() + target.sum() + 1)
    return cross + 0.5 * dice


def main():
    options = argparse.ArgumentParser()
    options.add_argument("cache")
    options.add_argument("--epochs", type=float, default=1)
    options.add_argument("--batches", type=int, help="of the cache, from its first; all by default")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rate", type=float, default=2e-3)
    options.add_argument("--out", required=True)
    o = options.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(o.seed)
    files = sorted(f for f in glob.glob(o.cache + "/*.npz") if ".part" not in f)[: o.batches]
    order = [f for epoch in range(int(np.ceil(o.epochs))) for f in random.Random(o.seed * 1000 + epoch).sample(files, len(files))]
    order = order[: int(o.epochs * len(files))]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    decoder = Decoder().to(device)
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=o.rate, weight_decay=1e-4)
    step, checkpoint = 0, o.out + ".checkpoint"
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint, map_location=device)
        decoder.load_state_dict(saved["decoder"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
        print(f"going on from step {step}", flush=True)
    recent, began = [], time.monotonic()
    for frame, lawful, mask in torch.utils.data.DataLoader(Batches(order[step:]), batch_size=None, num_workers=1):
        for group in optimiser.param_groups:
            group["lr"] = o.rate * min(1, (step + 1) / 40) * 0.5 * (1 + np.cos(np.pi * step / len(order))) + 1e-6
        frame, lawful = ([level.to(device) for level in side] for side in (frame, lawful))
        loss = loss_of(decoder(frame, lawful), mask.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        recent.append(loss.item())
        step += 1
        if step % 100 == 0:
            print(f"{time.monotonic() - began:.0f} s, step {step} of {len(order)}, loss {np.mean(recent[-100:]):.3f}", flush=True)
        if step % CHECKPOINT_STEPS == 0:
            torch.save({"decoder": decoder.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, checkpoint + ".part")
            os.replace(checkpoint + ".part", checkpoint)
    torch.save(decoder.cpu().state_dict(), o.out)


if __name__ == "__main__":
    main()
