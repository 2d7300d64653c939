"""First answers kept under an Idempotency-Key, in the transaction that they answer for."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from shared.db.columns import UtcDateTime


class AnswerColumns(SQLModel):
    """One first answer: the same key with the same body gets it again, with another body is refused."""

    key: str = Field(primary_key=True)
    actor: str = Field(primary_key=True)
    route: str
    body_hash: str
    status: int
    headers: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    kept_at: datetime = Field(sa_type=UtcDateTime, index=True)
