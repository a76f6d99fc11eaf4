"""Makes training batches and runs them through the frozen encoder once, so that decoders can be trained on them quickly.

    nice -n 10 /usr/bin/python3 prepare.py CACHE --package package --renders DIR... --sequences DIR... --pictures DIR... --batches 4000

Batch n comes from the seed and n alone and is written whole or not at all: the command goes on where it stopped, and two
may run at once on different ranges (--first). CUDA is used where there is one. Each holds frames (float16 levels), the nearest lawful past of each of their
places (likewise) and the marks of new structures. About 6 MB a batch.
"""
import argparse
import os
import time

import numpy as np
import torch

from eye import cosine, load_encoder
from samples import Sampler, Sources

PLACES, FRAMES = 8, 1  # a batch: so many places, so many frames of each


class Batches(torch.utils.data.Dataset):
    def __init__(self, sources, seed, numbers):
        self.sources, self.seed, self.numbers = sources, seed, numbers

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, index):
        number = self.numbers[index]
        sampler = Sampler(self.sources, self.seed * 1_000_003 + number)
        k = sampler.rng.choices([1, 2, 3, 4], [4, 3, 2, 2])[0]
        drawn = [sampler.sample(k, FRAMES) for _ in range(PLACES)]
        lawful, frames, masks = (np.stack(part) for part in zip(*drawn))
        return number, lawful, frames, masks


def tensor(pictures):
    """uint8 [...,H,W,3] -> float [N,3,H,W] in -1..1."""
    flat = torch.as_tensor(pictures).flatten(0, -4).permute(0, 3, 1, 2)
    return (flat.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def features(encoder, device, lawful, frames):
    """lawful [P,K,S,S,3], frames [P,F,S,S,3] -> levels of the P*F frames and of the nearest lawful past of each."""
    places, k = lawful.shape[:2]
    count = frames.shape[1]
    seen, chosen = [], []
    for w, u in zip(encoder(tensor(frames).to(device)), encoder(tensor(lawful).to(device))):
        c = w.shape[1]
        w, u = w.contiguous(), u.contiguous().unflatten(0, (places, 1, k)).expand(-1, count, -1, -1, -1, -1).flatten(0, 1)
        near = cosine(w.repeat_interleave(k, 0), u.flatten(0, 1)).unflatten(0, (places * count, k)).argmax(1)
        seen.append(w)
        chosen.append(u.gather(1, near[:, None].expand(-1, 1, c, -1, -1))[:, 0])
    return seen, chosen


def main():
    options = argparse.ArgumentParser()
    options.add_argument("cache")
    options.add_argument("--package", required=True)
    options.add_argument("--renders", nargs="*", default=[])
    options.add_argument("--sequences", nargs="*", default=[])
    options.add_argument("--pictures", nargs="*", default=[])
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--batches", type=int, default=4000)
    options.add_argument("--seed", type=int, default=1)
    o = options.parse_args()

    torch.set_num_threads(1)
    sources = Sources(o.renders, o.sequences, o.pictures)
    print(f"{len(sources.places)} places, {len(sources.cutouts)} structures, {len(sources.sequences)} sequences, {len(sources.people)} passers, {len(sources.pictures)} pictures", flush=True)
    os.makedirs(o.cache, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = load_encoder(o.package, device)
    path = lambda number: os.path.join(o.cache, f"{number:05d}.npz")
    missing = [n for n in range(o.first, o.first + o.batches) if not os.path.exists(path(n))]
    began = time.monotonic()
    for done, (number, lawful, frames, masks) in enumerate(torch.utils.data.DataLoader(Batches(sources, o.seed, missing), batch_size=None, num_workers=1), 1):
        seen, chosen = features(encoder, device, lawful, frames)
        arrays = {f"{side}{i}": level.half().cpu().numpy() for side, levels in (("frame", seen), ("lawful", chosen)) for i, level in enumerate(levels)}
        part = path(number) + ".part.npz"
        np.savez(part, mask=np.asarray(masks).reshape(-1, *masks.shape[2:]), **arrays)
        os.replace(part, path(number))
        if done % 50 == 0:
            print(f"{time.monotonic() - began:.0f} s, {done} of {len(missing)}", flush=True)


if __name__ == "__main__":
    main()
