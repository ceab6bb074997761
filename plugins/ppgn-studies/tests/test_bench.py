"""A step of the core computes what the same mathematics in torch computes; the command prints its table."""

import pytest
import torch
from ppgn_studies import bench
from torch.utils.flop_counter import FlopCounterMode

from ppgn_core.api import perform

CPU = torch.device("cpu")


def flops(step: bench.Step) -> int:
    step()
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


@pytest.mark.parametrize("row", ["shared", "default"])
@pytest.mark.parametrize("n", [1, 3])
def test_a_step_makes_one_pass_forward_and_one_back(row: str, n: int) -> None:
    core, torch_alone, *original = map(flops, bench._ways(row, n, CPU))
    assert core == pytest.approx(torch_alone, rel=0.02)
    for one in original:  # a second pass through G and E
        assert one > 1.4 * core


def test_the_command_prints_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    perform("bench", "rows=[annealed,lrcn]", "chains=[1]", "repeats=1", "steps=1", "device=cpu")
    printed = capsys.readouterr().out
    assert "GFLOP/s" in printed
    assert "annealed" in printed
    assert "lrcn" in printed
