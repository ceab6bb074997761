"""Provide conditions that combine others: `product` (AND, NOT) and `mixture` (OR)."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_conditions(register: Register) -> None:
    register("product", "ppgn_combine.combine:Product")
    register("mixture", "ppgn_combine.combine:Mixture")
