"""The peer of train-vs-pytorch: one training step of GPT-2, BERT or T5 in eager PyTorch on the CPU. Prints one line of JSON.

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
parser.add_argument("--model", choices=("gpt2", "bert", "t5"), required=True)
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
WIDTH, HEADS, LENGTH = options.hidden, options.heads, options.context
SIZE = WIDTH // HEADS
FUTURE = torch.full((LENGTH, LENGTH), float("-inf")).triu(diagonal=1)


class Attention(nn.Module):
    """Queries, keys and values from one matrix; `bias` is added to the scores."""

    def __init__(self):
        super().__init__()
        self.read, self.write = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x, bias=None):
        rows, length, _ = x.shape
        query, key, value = self.read(x).view(rows, length, 3, HEADS, SIZE).permute(2, 0, 3, 1, 4)
        scores = (query / math.sqrt(SIZE)) @ key.transpose(2, 3)
        mixed = (scores if bias is None else scores + bias).softmax(dim=3) @ value
        return self.write(mixed.transpose(1, 2).reshape(rows, length, WIDTH))


class GptLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before_attention, self.before_widening = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.widen, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        x = x + self.attention(self.before_attention(x), FUTURE)
        return x + self.narrow(F.gelu(self.widen(self.before_widening(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(options.vocabulary, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.layers = nn.ModuleList([GptLayer() for _ in range(options.layers)])
        self.last = nn.LayerNorm(WIDTH)

    def loss(self, ids):
        x = self.tokens(ids[:, :-1]) + self.places.weight
        for layer in self.layers:
            x = layer(x)
        logits = self.last(x) @ self.tokens.weight.T
        return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


class BertLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.after_attention = Attention(), nn.LayerNorm(WIDTH, eps=1e-12)
        self.widen, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.after_widening = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x):
        x = self.after_attention(x + self.attention(x))
        return self.after_widening(x + self.narrow(F.gelu(self.widen(x))))


class Bert(nn.Module):
    """Masked language model; the head reads every position, as the usual implementation does."""

    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(options.vocabulary, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.segments, self.first = nn.Embedding(2, WIDTH), nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList([BertLayer() for _ in range(options.layers)])
        self.transform, self.last = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH, eps=1e-12)
        self.output_bias = nn.Parameter(torch.zeros(options.vocabulary))

    def loss(self, ids):
        ids = ids[:, :-1]
        chosen = (torch.arange(LENGTH) % 7 == 3).expand_as(ids)
        x = self.tokens(ids.masked_fill(chosen, 1)) + self.places.weight
        x = self.first(x + self.segments(torch.zeros_like(ids)))
        for layer in self.layers:
            x = layer(x)
        x = self.last(F.gelu(self.transform(x)))
        logits = x @ self.tokens.weight.T + self.output_bias
        return F.cross_entropy(logits.flatten(0, 1), ids.masked_fill(~chosen, -100).flatten())


class RootMeanSquare(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6))


class T5Attention(nn.Module):
    """No biases, no scale (Raffel et al. 2020)."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.write = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))

    def forward(self, x, source, bias=0):
        split = lambda t: t.view(t.shape[0], t.shape[1], HEADS, SIZE).transpose(1, 2)  # noqa: E731
        query, key, value = split(self.query(x)), split(self.key(source)), split(self.value(source))
        mixed = (query @ key.transpose(2, 3) + bias).softmax(dim=3) @ value
        return self.write(mixed.transpose(1, 2).reshape(x.shape))


class T5Layer(nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.norms = nn.ModuleList([RootMeanSquare() for _ in range(3 if decoder else 2)])
        self.attention = T5Attention()
        self.cross = T5Attention() if decoder else None
        self.widen = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.narrow = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x, bias, source=None):
        n = self.norms[0](x)
        x = x + self.attention(n, n, bias)
        if self.cross:
            x = x + self.cross(self.norms[1](x), source)
        return x + self.narrow(F.relu(self.widen(self.norms[-1](x))))


def buckets(length, both_directions):
    """Buckets of the distance from query to key: exact up to half of them, then logarithmic up to 128."""
    distance = torch.arange(length)[None, :] - torch.arange(length)[:, None]
    number, offset = 32, 0
    if both_directions:
        number //= 2
        offset = (distance > 0).long() * number
        distance = distance.abs()
    else:
        distance = (-distance).clamp(min=0)
    exact = number // 2
    far = exact + (torch.log(distance.float().clamp(min=1) / exact) / math.log(128 / exact) * (number - exact)).long()
    return offset + torch.where(distance < exact, distance, far.clamp(max=number - 1))


class T5(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(options.vocabulary, WIDTH)
        self.encoder = nn.ModuleList([T5Layer(decoder=False) for _ in range(options.layers)])
        self.decoder = nn.ModuleList([T5Layer(decoder=True) for _ in range(options.layers)])
        self.encoder_bias, self.decoder_bias = nn.Embedding(32, HEADS), nn.Embedding(32, HEADS)
        self.encoder_last, self.decoder_last = RootMeanSquare(), RootMeanSquare()
        self.both, self.past = buckets(LENGTH, True), buckets(LENGTH, False)

    def loss(self, ids):
        source, target = ids[:, :-1], ids[:, 1:]
        bias = self.encoder_bias(self.both).permute(2, 0, 1)
        x = self.tokens(source)
        for layer in self.encoder:
            x = layer(x, bias)
        x = self.encoder_last(x)
        bias = self.decoder_bias(self.past).permute(2, 0, 1) + FUTURE
        y = self.tokens(F.pad(target[:, :-1], (1, 0)))
        for layer in self.decoder:
            y = layer(y, bias, x)
        logits = (self.decoder_last(y) * WIDTH**-0.5) @ self.tokens.weight.T
        return F.cross_entropy(logits.flatten(0, 1), target.flatten())


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


model = {"gpt2": Gpt, "bert": Bert, "t5": T5}[options.model]()
for name, parameter in model.named_parameters():
    if parameter.dim() == 2:
        writes = name.endswith(("write.weight", "narrow.weight"))
        nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * options.layers) if writes else 0.02)
    elif name.endswith("bias"):
        nn.init.zeros_(parameter)
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
    loss = model.loss(batch)
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
            "parameters": sum(p.numel() for p in model.parameters()),
            "secondsPerStep": statistics.median(seconds),
            "bestSecondsPerStep": min(seconds),
            "cpuSecondsPerStep": statistics.median(cpu_seconds),
            "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "losses": losses,
        }
    )
)
