"""What the choice of a kernel means for a job: whether it is there, and what is written of it."""

from __future__ import annotations

from app.domain.problem import Kind, ProblemError, problem
from app.imputation.built_in.choice import KernelChoice
from app.imputation.built_in.kernels import settled


def refuse_absent_kernel(choice: KernelChoice) -> None:
    """ProblemError where the built-in engine cannot compute with what was chosen."""
    try:
        chosen = settled(choice)
    except ValueError as error:
        raise problem(
            Kind.NOT_FOUND,
            "This kernel is not on this computer",
            f"The choice is “{choice}”: {error}.",
            "Leave the choice to the program.",
        ) from error
    if chosen is KernelChoice.CARD:
        from app.imputation.built_in.torch_kernel import absent_card

        if why := absent_card():
            raise no_card(why)


def no_card(why: str) -> ProblemError:
    """What to say where a graphics card was chosen and cannot be used; `why` is a sentence."""
    return problem(
        Kind.NOT_FOUND,
        "The graphics card cannot be used",
        why,
        "Choose the processor, which gives the same dosages. A card needs PyTorch: install haplodesk[gpu].",
    )


def kernel_versions(choice: KernelChoice) -> dict[str, str]:
    """What computes besides this program: PyTorch and the card; nothing on the processor."""
    if settled(choice) is not KernelChoice.CARD:
        return {}
    from app.imputation.built_in.torch_kernel import card_versions

    return card_versions()
