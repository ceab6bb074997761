"""Train one network in several processes, on several GPUs or machines, each of which takes its share of every batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.optim import Optimizer

from ppgn_core.errors import UserError


class Averaged(DDPStrategy):
    """Average the gradients of all processes just before an optimizer takes its step.

    DistributedDataParallel averages only what passed through its own forward, once a step. Recipes call parts of their
    networks, and those of a GAN several times, so here the optimizer's parameters are averaged, whatever led to them.
    """

    def setup_module(self, module: nn.Module) -> nn.Module:  # type: ignore[override]
        """Give all processes the first one's weights."""
        for value in (*module.parameters(), *module.buffers()):
            torch.distributed.broadcast(value.data, 0)
        return module

    def clip_gradients_norm(self, module: nn.Module, optimizer: Optimizer, *limits: Any, **keys: Any) -> Tensor:
        _average(optimizer)
        return super().clip_gradients_norm(module, optimizer, *limits, **keys)

    def optimizer_step(self, optimizer: Optimizer, **keys: Any) -> Any:  # type: ignore[override]
        _average(optimizer)
        return super().optimizer_step(optimizer, **keys)


def _average(optimizer: Optimizer) -> None:
    """Average the gradients of an optimizer's parameters; what is average already stays as it is."""
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    if not gradients:
        return
    with _together():
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def launched(device: torch.device, precision: str, devices: int, nodes: int) -> Fabric:
    """Return the Fabric of this process, after starting the others unless torchrun or srun has.

    Args:
        devices: number of processes on each machine, each with a device of its own; torchrun's own number counts.
        nodes: number of machines; torchrun's own number counts.

    Raises:
        UserError: there are not so many devices, nothing says where the other machines are, or Slurm has started
            another number of processes.
    """
    if "LOCAL_WORLD_SIZE" in os.environ:  # torchrun
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    given: Any = {"accelerator": device.type, "precision": precision}
    if devices * nodes == 1:
        return Fabric(devices=1 if device.index is None else [device.index], **given)
    if device.index is not None:
        raise UserError(f"device={device}: allowed with several processes is {device.type}, of which each takes one")
    if nodes > 1 and not {"LOCAL_WORLD_SIZE", "SLURM_NTASKS", "MASTER_ADDR"} & os.environ.keys():
        how = "start it on each machine by torchrun or srun, or set MASTER_ADDR and NODE_RANK there"
        raise UserError(f"nodes={nodes}: nothing says where the other machines are; {how}")
    try:
        fabric = Fabric(devices=devices, num_nodes=nodes, strategy=Averaged(), **given)
        fabric.launch()
    except (MisconfigurationException, ValueError) as error:
        raise UserError(f"devices={devices} nodes={nodes}: {' '.join(str(error).split())}") from error
    return fabric


def check(recipe: Any, name: str, fabric: Fabric) -> None:
    """Check that a recipe can train in as many processes as there are.

    Raises:
        UserError: it trains in one process alone, or its batches cannot be divided.
    """
    n = fabric.world_size
    if n > 1 and not getattr(recipe, "shares", False):
        raise UserError(f"devices: {n} processes in all, but recipe={name} with these keys trains in one; allowed is 1")
    if recipe.batch_size % n:
        raise UserError(f"batch_size={recipe.batch_size}: allowed are multiples of {n}, the number of processes")


def share(fabric: Fabric, *whole: Tensor) -> list[Tensor]:
    """Return this process's rows of the tensors of a whole batch: all rows if it is the only process."""
    return [tensor.chunk(fabric.world_size)[fabric.global_rank] for tensor in whole]


def end(fabric: Fabric) -> None:
    """Leave the other processes; torch's threads may else abort this one when Python ends (pytorch issue 190489)."""
    if fabric.world_size > 1 and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class Together:
    """Let the processes of a training agree; with a single process nothing is exchanged.

    Args:
        fabric: the Fabric that has launched them; None for a single process.
    """

    def __init__(self, fabric: Fabric | None) -> None:
        self.fabric = fabric if fabric is not None and fabric.world_size > 1 else None
        self.rank = self.fabric.global_rank if self.fabric else 0

    def any(self, *asked: bool) -> Sequence[bool]:
        """Return for each question whether any process says yes."""
        if self.fabric is None:
            return asked
        flags = torch.tensor(asked, dtype=torch.int, device=self.fabric.device)
        with _together():
            torch.distributed.all_reduce(flags, torch.distributed.ReduceOp.MAX)
        return [bool(flag) for flag in flags.tolist()]

    def mean(self, scalars: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the means over all processes: those of the whole batch, as all shares are equal."""
        if self.fabric is None:
            return {name: float(value) for name, value in scalars.items()}
        values = torch.stack([value.to(self.fabric.device).float() for value in scalars.values()])
        with _together():
            torch.distributed.all_reduce(values)
        return dict(zip(scalars, (values / self.fabric.world_size).tolist(), strict=True))

    def first(self, work: Callable[[], object]) -> None:
        """Let the first process do what only one may, while the others wait; if it fails, they end without a word."""
        if self.fabric is None:
            work()
            return
        error: Exception | None = None
        if self.rank == 0:
            try:
                work()
            except Exception as failure:
                error = failure
        with _together():
            failed = self.fabric.broadcast(error is not None)
        if error is not None:
            raise error
        if failed:
            raise SystemExit(0)

    def interrupt(self) -> None:
        """End this process of an interrupted training, once it has left the others; only the first process reports it.

        Raises:
            KeyboardInterrupt: in the first process.
            SystemExit: in the others, with 0, since Fabric and torchrun kill all others when one fails.
        """
        if self.fabric:
            end(self.fabric)
        if self.rank:
            raise SystemExit(0)
        raise KeyboardInterrupt


@contextmanager
def _together() -> Iterator[None]:
    """Say in one line that another process has ended; this is how torch's backends tell it."""
    try:
        yield
    except RuntimeError as error:
        told = "another process of this training has ended; the same command continues from the last checkpoint"
        raise UserError(told) from error
