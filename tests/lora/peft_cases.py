"""Small adapters that PEFT itself writes, with what it makes of them: the model merged by merge_and_unload.

    peft_cases.py FOLDER      writes every case; needs torch, peft and transformers

Each case is a folder: adapter/ (as PEFT saves it), base.safetensors, merged.safetensors. The recorded ones in data/ come
from here.
"""
import os
import shutil
import sys
import warnings

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import nn
from transformers.pytorch_utils import Conv1D

warnings.filterwarnings("ignore")


class Layers(nn.Module):
    """Two layers of two projections; names that are the ends of others."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.ModuleDict({"q_proj": nn.Linear(6, 8), "k_proj": nn.Linear(6, 4, bias=False)}) for _ in range(3)])
        self.q_proj = nn.Linear(5, 4)
        self.norm = nn.LayerNorm(8)
        self.score = nn.Linear(8, 2)


class Turned(nn.Module):
    """GPT-2's layers hold their weights input by output."""

    def __init__(self):
        super().__init__()
        self.square = Conv1D(6, 6)
        self.wide = Conv1D(7, 5)


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv1d(4, 5, 3)
        self.two = nn.Conv2d(4, 5, (2, 3))
        self.point = nn.Conv2d(4, 6, 1)
        self.three = nn.Conv3d(2, 3, (1, 2, 2))


class Embedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(11, 6)
        self.out = nn.Linear(6, 4, bias=False)


both = ["q_proj", "k_proj"]
CASES = {
    "plain": (Layers, torch.float32, dict(r=3, lora_alpha=3, target_modules=both)),
    "alpha": (Layers, torch.float32, dict(r=4, lora_alpha=10, target_modules=both)),
    "rslora": (Layers, torch.float32, dict(r=3, lora_alpha=7, target_modules=both, use_rslora=True)),
    "patterns": (Layers, torch.float32, dict(r=2, lora_alpha=5, target_modules=both, rank_pattern={r"layers\.[01]\.q_proj": 4, "q_proj": 3, "k_proj": 1},
                                             alpha_pattern={"layers.2.q_proj": 9, r"^q_proj": 2.5, r"layers\.\d+\.(q|k)_proj": 6})),
    "patterns_rslora": (Layers, torch.float32, dict(r=2, lora_alpha=5, target_modules=both, use_rslora=True, rank_pattern={r"l.*\.1\..*": 3}, alpha_pattern={"k_proj": 8})),
    "saved": (Layers, torch.float32, dict(r=2, lora_alpha=4, target_modules=r".*\.layers\.\d\.k_proj|layers\.\d\.k_proj", modules_to_save=["score", "norm"])),
    "bias": (Layers, torch.float32, dict(r=2, lora_alpha=4, target_modules=["q_proj"], bias="lora_only")),
    "turned": (Turned, torch.float32, dict(r=2, lora_alpha=3, target_modules=["square", "wide"], fan_in_fan_out=True)),
    "conv": (Convolutions, torch.float32, dict(r=2, lora_alpha=3, target_modules=["one", "two", "point", "three"], rank_pattern={"two": 4})),
    "embedding": (Embedding, torch.float32, dict(r=3, lora_alpha=5, target_modules=["wte", "out"])),
    "float64": (Layers, torch.float64, dict(r=3, lora_alpha=5, target_modules=both)),
    "float16": (Layers, torch.float16, dict(r=3, lora_alpha=5, target_modules=both)),
    "bfloat16": (Layers, torch.bfloat16, dict(r=3, lora_alpha=5, target_modules=both)),
}


def make(name, folder):
    """The case `name` into folder; returns the PEFT model before it was merged."""
    build, dtype, options = CASES[name]
    torch.manual_seed(sum(map(ord, name)))
    base = build().to(dtype)
    os.makedirs(folder, exist_ok=True)
    save_file({k: v.clone() for k, v in base.state_dict().items()}, os.path.join(folder, "base.safetensors"))
    model = get_peft_model(base, LoraConfig(init_lora_weights=False, **options), autocast_adapter_dtype=False)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "modules_to_save" in key or (options.get("bias") and key.endswith("base_layer.bias")):
                parameter += torch.rand_like(parameter)
    shutil.rmtree(os.path.join(folder, "adapter"), ignore_errors=True)
    model.save_pretrained(os.path.join(folder, "adapter"))
    os.remove(os.path.join(folder, "adapter", "README.md"))
    merged = model.merge_and_unload()
    save_file({k: v.clone() for k, v in merged.state_dict().items()}, os.path.join(folder, "merged.safetensors"))


if __name__ == "__main__":
    for case in CASES:
        make(case, os.path.join(sys.argv[1], case))
