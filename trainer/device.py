"""The device that trains: its number format, its memory, its name."""

from __future__ import annotations

import resource

import psutil
import torch


def has_bfloat16(device: str) -> bool:
    """Say whether bfloat16 is faster than float32 here: whether the device has instructions for it.

    Emulated it is slower. Measured on MiniLM with AVX512-BF16: 1.5 times the rows a second.
    """
    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def memory_in_use(device: str) -> int:
    """Bytes held now, on the GPU or in main memory."""
    if device == "cpu":
        return int(psutil.Process().memory_info().rss)
    return torch.cuda.memory_reserved()


def peak_memory(device: str) -> int:
    """Most bytes ever held by this process, on the GPU or in main memory."""
    if device == "cpu":
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # the kernel counts KiB
    return torch.cuda.max_memory_reserved()


def use_threads(threads: int) -> None:
    """Let torch compute with so many CPU threads; 0 leaves it to torch."""
    if threads:
        torch.set_num_threads(threads)


def describe(device: str, *, bf16: bool, ranks: int = 1) -> str:
    """Name it for people, e.g. "CPU, 2 threads, bf16", "2 × NVIDIA H100, bf16"."""
    name = (
        f"CPU, {torch.get_num_threads()} threads"
        if device == "cpu"
        else torch.cuda.get_device_name()
    )
    many = f"{ranks} × " if ranks > 1 else ""
    return f"{many}{name}, {'bf16' if bf16 else 'fp32'}"
