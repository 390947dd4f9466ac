"""The base of every noun."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value; equal when its fields are equal; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
