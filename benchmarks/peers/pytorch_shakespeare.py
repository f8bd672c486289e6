"""The peer of time-to-quality: characters of one text, learnt by eager PyTorch on the CPU. Prints one line of JSON.

Two recipes. `nanogpt`: nanoGPT's CPU setting for shakespeare_char (GPT-2, AdamW, cosine). `yumo`: the recipe of the other side (rotary
positions, gated feed-forward layers, RMSNorm, output projections that start at zero, Muon on hidden matrices, a linear schedule).
Seconds are those of the training steps: no start-up, no evaluation. PyTorch 1.13 or later and nothing else.
"""

import argparse
import gzip
import json
import math
import os
import resource
import time

parser = argparse.ArgumentParser()
parser.add_argument("--recipe", choices=("nanogpt", "yumo"), required=True)
parser.add_argument("--text", required=True)
for name in ("seed", "steps", "threads"):
    parser.add_argument(f"--{name}", type=int, required=True)
options = parser.parse_args()

# Before torch is loaded: spinning OpenMP threads starve OpenBLAS's own threads.
os.environ["OMP_WAIT_POLICY"] = "passive"
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)
WIDTH, LAYERS, HEADS, CONTEXT, BATCH = 128, 4, 4, 64, 12
SIZE = WIDTH // HEADS
HIDDEN = torch.full((CONTEXT, CONTEXT), float("-inf")).triu(diagonal=1)

opened = gzip.open if options.text.endswith(".gz") else open
with opened(options.text, "rt", encoding="utf-8") as file:
    text = file.read()
characters = sorted(set(text))
number = {c: i for i, c in enumerate(characters)}
ids = torch.tensor([number[c] for c in text])
cut = int(0.9 * len(ids))
training, validation = ids[:cut], ids[cut:]


class GptLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before_attention, self.before_widening = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.read, self.write = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.widen, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        rows, length, _ = x.shape
        q, k, v = self.read(self.before_attention(x)).view(rows, length, 3, HEADS, SIZE).permute(2, 0, 3, 1, 4)
        mixed = ((q / math.sqrt(SIZE)) @ k.transpose(2, 3) + HIDDEN[:length, :length]).softmax(dim=3) @ v
        x = x + self.write(mixed.transpose(1, 2).reshape(rows, length, WIDTH))
        return x + self.narrow(F.gelu(self.widen(self.before_widening(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(len(characters), WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.layers = nn.ModuleList([GptLayer() for _ in range(LAYERS)])
        self.last = nn.LayerNorm(WIDTH)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                writes = name.endswith(("write.weight", "narrow.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * LAYERS) if writes else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, x):
        h = self.tokens(x) + self.places.weight[: x.shape[1]]
        for layer in self.layers:
            h = layer(h)
        return self.last(h) @ self.tokens.weight.T


class RootMeanSquare(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight


angles = torch.outer(torch.arange(CONTEXT).float(), 10000.0 ** (-torch.arange(0, SIZE, 2).float() / SIZE))
COSINES, SINES = (torch.cat([f(angles)] * 2, dim=1) for f in (torch.cos, torch.sin))


def turned(x):
    length = x.shape[2]
    first, second = x.chunk(2, dim=-1)
    return x * COSINES[:length] + torch.cat([-second, first], dim=-1) * SINES[:length]


class LlamaLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before_attention, self.before_widening = RootMeanSquare(), RootMeanSquare()
        plain = lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False)  # noqa: E731
        self.query, self.key, self.value, self.write = (plain(WIDTH, WIDTH) for _ in range(4))
        self.gate, self.up, self.narrow = plain(WIDTH, 344), plain(WIDTH, 344), plain(344, WIDTH)

    def forward(self, x):
        rows, length, _ = x.shape
        n = self.before_attention(x)
        q, k, v = (f(n).view(rows, length, HEADS, SIZE).transpose(1, 2) for f in (self.query, self.key, self.value))
        mixed = ((turned(q) / math.sqrt(SIZE)) @ turned(k).transpose(2, 3) + HIDDEN[:length, :length]).softmax(3) @ v
        x = x + self.write(mixed.transpose(1, 2).reshape(rows, length, WIDTH))
        n = self.before_widening(x)
        return x + self.narrow(F.silu(self.gate(n)) * self.up(n))


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(len(characters), WIDTH)
        self.layers = nn.ModuleList([LlamaLayer() for _ in range(LAYERS)])
        self.last = RootMeanSquare()
        for name, parameter in self.named_parameters():
            if name.endswith(("write.weight", "narrow.weight")):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, x):
        h = self.tokens(x)
        for layer in self.layers:
            h = layer(h)
        return self.last(h) @ self.tokens.weight.T


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum; matrices of one shape are iterated together."""

    def __init__(self, parameters, lr, momentum=0.85, decay=0.1):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, decay=decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta, rate = group["momentum"], group["lr"]
            by_shape = {}
            for p in group["params"]:
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 1 - beta)
                by_shape.setdefault(p.shape, []).append((p, p.grad.lerp(state["momentum"], beta)))
            for (outputs, inputs), members in by_shape.items():
                x = torch.stack([direction for _, direction in members])
                tall = outputs > inputs
                x = x.transpose(1, 2) if tall else x
                x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
                for _ in range(5):
                    gram = x @ x.transpose(1, 2)
                    x = 3.4445 * x + torch.baddbmm(gram, gram, gram, beta=-4.775, alpha=2.0315) @ x
                x = x.transpose(1, 2) if tall else x
                for (p, _), direction in zip(members, x):
                    p.mul_(1 - rate * group["decay"]).add_(direction, alpha=-rate * math.sqrt(max(1, outputs / inputs)))


if options.recipe == "nanogpt":
    model = Gpt()
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    plain = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
    optimizers = [(torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8, foreach=True), 1e-3)]

    def share(step):
        if step < 100:
            return (step + 1) / 101
        return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - 100) / (options.steps - 100)))

else:
    model = Llama()
    hidden = [p for n, p in model.named_parameters() if p.dim() == 2 and n.startswith("layers.")]
    norms = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": [model.tokens.weight], "weight_decay": 0.1}, {"params": norms, "weight_decay": 0.0}]
    optimizers = [
        (Muon(hidden, lr=0.02), 0.02),
        (torch.optim.AdamW(groups, lr=0.015, betas=(0.9, 0.99), eps=1e-8, foreach=True), 0.015),
    ]

    def share(step):
        return (step + 1) / 20 if step < 20 else (options.steps - step) / (options.steps - 20)


@torch.no_grad()
def validation_loss():
    total, count = 0.0, 0
    windows = (len(validation) - 1) // CONTEXT
    inputs = validation[: windows * CONTEXT].view(windows, CONTEXT)
    labels = validation[1 : windows * CONTEXT + 1].view(windows, CONTEXT)
    for x, y in zip(inputs.split(64), labels.split(64)):
        total += F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
        count += y.numel()
    return total / count


seconds = 0.0
for step in range(options.steps):
    began = time.perf_counter()
    starts = torch.randint(len(training) - CONTEXT, (BATCH,))
    x = torch.stack([training[s : s + CONTEXT] for s in starts])
    y = torch.stack([training[s + 1 : s + 1 + CONTEXT] for s in starts])
    for optimizer, rate in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate * share(step)
        optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer, _ in optimizers:
        optimizer.step()
    loss.item()
    seconds += time.perf_counter() - began

print(
    json.dumps(
        {
            "version": torch.__version__,
            "parameters": sum(p.numel() for p in model.parameters()),
            "seconds": seconds,
            "validationLoss": validation_loss(),
            "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
