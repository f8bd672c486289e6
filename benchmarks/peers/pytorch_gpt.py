"""The peer of train-vs-pytorch: the same GPT-2 step in eager PyTorch on the CPU. Prints one line of JSON.

Same model, loss, clipping, optimizer and token stream as the other side; PyTorch 1.13 or later and nothing else.
"""

import argparse
import json
import math
import os
import resource
import statistics
import time

parser = argparse.ArgumentParser()
for size in ("hidden", "layers", "heads", "context", "batch", "vocabulary", "steps", "warmup", "threads"):
    parser.add_argument(f"--{size}", type=int, required=True)
parser.add_argument("--wait", choices=("passive", "active"), default="passive")
options = parser.parse_args()

# Before torch is loaded: what idle OpenMP threads do. Spinning ones starve OpenBLAS's own threads.
os.environ["OMP_WAIT_POLICY"] = options.wait
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(1)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.read = nn.Linear(width, 3 * width)
        self.write = nn.Linear(width, width)

    def forward(self, x, hidden):
        rows, time_, width = x.shape
        shaped = self.read(x).view(rows, time_, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = shaped[0], shaped[1], shaped[2]
        scores = (query / math.sqrt(width // self.heads)) @ key.transpose(2, 3) + hidden
        mixed = scores.softmax(dim=3) @ value
        return self.write(mixed.transpose(1, 2).reshape(rows, time_, width))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.before_attention, self.before_widening = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, hidden):
        x = x + self.attention(self.before_attention(x), hidden)
        return x + self.narrow(F.gelu(self.widen(self.before_widening(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.tokens, self.places = nn.Embedding(o.vocabulary, o.hidden), nn.Embedding(o.context, o.hidden)
        self.layers = nn.ModuleList([Layer(o.hidden, o.heads) for _ in range(o.layers)])
        self.last = nn.LayerNorm(o.hidden)
        hidden = torch.full((o.context, o.context), float("-inf")).triu(diagonal=1)
        self.register_buffer("hidden", hidden, persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                writes = name.endswith(("write.weight", "narrow.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * o.layers) if writes else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids):
        x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x, self.hidden)
        return self.last(x) @ self.tokens.weight.T


def token_batches(rows, length, vocabulary):
    """Each token is the last one plus 1 to 4: learnable, and the same numbers on both sides (Numerical Recipes' LCG)."""
    state, token = 1, 0
    while True:
        ids = []
        for _ in range(rows * length):
            state = (1664525 * state + 1013904223) % 2**32
            token = (token + 1 + (state >> 30)) % vocabulary
            ids.append(token)
        yield torch.tensor(ids).view(rows, length)


model = Gpt(options)
matrices = [p for p in model.parameters() if p.dim() >= 2]
vectors = [p for p in model.parameters() if p.dim() < 2]
groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, foreach=True)
stream = token_batches(options.batch, options.context + 1, options.vocabulary)

seconds, cpu_seconds, losses = [], [], []
for step in range(options.warmup + options.steps):
    batch = next(stream)
    began, cpu_began = time.perf_counter(), time.process_time()
    optimizer.zero_grad(set_to_none=True)
    logits = model(batch[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    losses.append(loss.item())
    if step >= options.warmup:
        seconds.append(time.perf_counter() - began)
        cpu_seconds.append(time.process_time() - cpu_began)

print(
    json.dumps(
        {
            "version": torch.__version__,
            "secondsPerStep": statistics.median(seconds),
            "bestSecondsPerStep": min(seconds),
            "cpuSecondsPerStep": statistics.median(cpu_seconds),
            "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "losses": losses,
        }
    )
)
