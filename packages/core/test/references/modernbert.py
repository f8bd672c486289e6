"""ModernBERT in plain PyTorch, from the paper (arXiv:2412.13663, section 2.1 and appendix A): writes modernbert.json, which a test compares with.

python3 modernbert.py > modernbert.json
"""

import json
import math

import torch

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
config = dict(
    model_type="modernbert", architectures=["ModernBertForSequenceClassification"], vocab_size=13, hidden_size=8,
    intermediate_size=6, num_hidden_layers=4, num_attention_heads=2, max_position_embeddings=16, local_attention=4,
    global_attn_every_n_layers=3, classifier_pooling="mean", num_labels=3,
)
width, heads, wide = config["hidden_size"], config["num_attention_heads"], config["intermediate_size"]
weights = {}


def weight(name, *shape):
    start = torch.ones(shape) if name.endswith("norm.weight") else torch.zeros(shape)
    weights[name] = (start + 0.5 * torch.randn(shape)).float().double()
    return weights[name]


def norm(name, x):
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, unbiased=False, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5) * weight(name + ".weight", width)


def turned(x, base):
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[2])[:, None] * base ** (-torch.arange(half) / half)
    cos, sin = torch.cos(angles), torch.sin(angles)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def gelu(x):
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


ids = torch.tensor([[1, 5, 3, 8, 12, 7, 2, 9], [4, 4, 6, 10, 11, 0, 0, 0]])
mask = torch.tensor([[1] * 8, [1] * 5 + [0] * 3])
time = ids.shape[1]
far = (torch.arange(time)[:, None] - torch.arange(time)[None]).abs() > config["local_attention"] // 2

x = norm("model.embeddings.norm", weight("model.embeddings.tok_embeddings.weight", 13, width)[ids])
states = [x]
for i in range(config["num_hidden_layers"]):
    at = f"model.layers.{i}."
    everything = i % config["global_attn_every_n_layers"] == 0
    y = x if i == 0 else norm(at + "attn_norm", x)
    qkv = (y @ weight(at + "attn.Wqkv.weight", 3 * width, width).T).view(2, time, 3, heads, width // heads)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    base = 160000.0 if everything else 10000.0
    scores = turned(q, base) @ turned(k, base).transpose(-1, -2) / math.sqrt(width // heads)
    hidden = (mask == 0)[:, None, None, :] if everything else (mask == 0)[:, None, None, :] | far
    mixed = torch.softmax(scores.masked_fill(hidden, -1e9), -1) @ v
    x = x + mixed.transpose(1, 2).reshape(2, time, width) @ weight(at + "attn.Wo.weight", width, width).T
    first, second = (norm(at + "mlp_norm", x) @ weight(at + "mlp.Wi.weight", 2 * wide, width).T).chunk(2, -1)
    x = x + (gelu(first) * second) @ weight(at + "mlp.Wo.weight", width, wide).T
    states.append(x)
states[-1] = norm("model.final_norm", x)
real = mask[..., None].double()
pooled = (states[-1] * real).sum(1) / real.sum(1)
prepared = norm("head.norm", gelu(pooled @ weight("head.dense.weight", width, width).T))
logits = prepared @ weight("classifier.weight", 3, width).T + weight("classifier.bias", 3)


def plain(t):
    return dict(shape=list(t.shape), data=[float(f"{v:.9g}") for v in t.flatten().tolist()])


print(json.dumps(dict(
    config=config, input_ids=ids.tolist(), attention_mask=mask.tolist(),
    weights={name: plain(t) for name, t in weights.items()},
    hidden_states=[plain(s) for s in states], logits=plain(logits),
)))
