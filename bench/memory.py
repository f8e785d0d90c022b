"""What memory size costs and saves, estimated from CPU time measured here. Always label it an estimate."""

from __future__ import annotations

from dataclasses import dataclass

from bench import prices

FULL_CPU_MIB = 1769  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
SIZES_MIB = (128, 256, 512, 1024, FULL_CPU_MIB)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One cold call: milliseconds, and dollars for a thousand of them."""

    memory_mib: int
    milliseconds: float
    dollars: float


def estimate(memory_mib: int, *, load: float, answer: float, answer_cpu: float) -> Estimate:
    """Estimated from milliseconds measured on a full CPU.

    The init phase has a full CPU at any size; later phases have a proportional share, and wait as long.
    """
    share = min(1.0, memory_mib / FULL_CPU_MIB)
    took = load + max(0.0, answer - answer_cpu) + answer_cpu / share
    gigabyte_seconds = memory_mib / 1024 * took / 1000
    return Estimate(
        memory_mib=memory_mib,
        milliseconds=took,
        dollars=1000 * (gigabyte_seconds * prices.LAMBDA_GB_SECOND + prices.LAMBDA_REQUEST),
    )
