"""What every request, answer and part of the control protocol has in common."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = "trueup.control/1"


class Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Answer(Part):
    schema_: Annotated[str, Field(alias="schema")] = SCHEMA
    as_of: datetime
    """When the daemon put this together."""
