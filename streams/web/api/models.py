"""The API's documents, for its description: what comes back, and what is taken.

Rules of this file: prices, quantities and money are decimals as text, times ISO in UTC.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from schemas.catalog import catalog
from schemas.kinds import KINDS
from schemas.messages import OrderSide, OrderType, TimeInForce

Amount = str | float
"""A decimal; as text it stays exact."""


class Document(BaseModel):
    """What comes back."""


class Problem(Document):
    """What went wrong, as RFC 9457 has it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


class TroubleOut(Document):
    part: str
    text: str


class Ready(Document):
    ready: bool
    troubles: list[TroubleOut]


class AccountOut(Document):
    account: str
    status: Literal["active", "paused", "closed"]
    blocked_by: list[str]
    market: str
    currency: str
    follow: list[str]
    equity: str
    cash: str
    unrealised: str
    realised: str
    fees: str
    day_pnl: str
    drawdown: float
    exposure: str
    open_risk: str = Field(
        description="What is lost if every stop is reached now; without a stop the whole value."
    )
    positions: int
    orders: int
    plans: int
    pending_slices: int
    as_of: str | None


class AccountWhole(AccountOut):
    settings: dict[str, Any] = Field(
        description="Every key as an account file has it, such as 2% and 15m; null: switched off."
    )


class PositionOut(Document):
    position_id: str
    account: str
    symbol: str
    side: Literal["long", "short"]
    quantity: str
    average_price: str
    mark: str
    value: str
    cost: str
    unrealised: str
    unrealised_share: float | None
    realised: str
    fees: str
    stop: str | None
    trailing: str | None
    target: str | None
    risk: str
    time_limit: str | None
    opened: str | None
    closing: str | None
    signal_id: str | None
    source: str | None
    plan_id: str | None


class SliceOut(Document):
    plan_id: str
    account: str
    symbol: str
    side: Literal["buy", "sell"]
    number: int
    of: int
    due: str | None
    due_in_seconds: float
    condition: str
    quantity: str
    arrival: str
    signal_id: str | None
    source: str | None


class PlanOut(Document):
    plan_id: str
    account: str
    symbol: str
    side: Literal["buy", "sell"]
    signal_id: str | None
    source: str | None
    arrival: str
    by_hand: bool
    of: int
    slices: list[SliceOut]
    orders: list[str]


class OpenOrderOut(Document):
    account: str
    order_id: str
    symbol: str
    side: Literal["buy", "sell"]
    order_type: str
    state: str
    quantity: str
    filled: str
    limit_price: str | None
    stop_price: str | None
    trail: str | None
    time_in_force: str
    reason: str
    purpose: str
    plan_id: str | None


class CommandOut(Document):
    command_id: str
    account: str
    decision: dict[str, Any] | None = Field(description="None while it has not come.")
    meaning: str | None


class ManyOut(Document):
    commands: list[CommandOut]


class SignalAnswer(Document):
    signal_id: str
    source: str
    followers: list[str] = Field(description="The accounts that decide on it.")
    decisions: list[dict[str, Any]]


class QueryAnswer(Document):
    """An answer of ClickHouse's."""

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]


class NewAccount(BaseModel):
    """An account to open."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, examples=["mine"])
    preset: str | None = Field(None, examples=["vsr-slicer"])
    follow: list[str] | None = Field(None, description="Whose signals it takes; absent: everybody's.")
    settings: dict[str, Any] = Field(
        {}, description="Any key of an account file.", examples=[{"stop_loss": "2%", "balance": 50000}]
    )


class Change(BaseModel):
    """What is to change of an account."""

    model_config = ConfigDict(extra="forbid")

    settings: dict[str, Any] = Field({}, examples=[{"max_positions": 4, "daily_loss": "2%"}])
    texts: dict[str, str] = Field(
        {}, description="Instead: each value as the text that `ghostfill account change --set` takes."
    )
    plans: list[str] = Field([], description="Open plans that it is to hold for too.")

    @model_validator(mode="after")
    def _says_it_once(self) -> "Change":
        if bool(self.settings) == bool(self.texts):
            raise ValueError("expected either settings or texts")
        return self


class NewOrder(BaseModel):
    """An order by hand, of any type."""

    model_config = ConfigDict(extra="forbid")

    account: str
    symbol: str = Field(min_length=1)
    side: OrderSide
    quantity: Amount
    type: OrderType = "market"
    limit_price: Amount | None = None
    stop_price: Amount | None = None
    trail: Amount | None = None
    time_in_force: TimeInForce | None = None
    expires_at: str | None = None
    take_profit: Amount | None = None
    stop_loss: Amount | None = None
    note: str | None = None


class Everybody(BaseModel):
    """Which accounts; empty: all."""

    model_config = ConfigDict(extra="forbid")

    accounts: list[str] = []


class NewSignal(BaseModel):
    """A strategy's wish. Fields that it does not know are kept as `extra`."""

    model_config = ConfigDict(extra="allow")

    symbol: str
    side: Literal["long", "short", "flat"]
    source: str = "web"
    signal_id: str | None = Field(None, description="Absent: made of source, symbol, time and side.")
    ts: str | float | None = Field(None, description="Absent: the market's newest time.")
    confidence: float | None = None
    price: Amount | None = None
    take_profit: Amount | None = None
    stop_loss: Amount | None = None
    quantity: Amount | None = None
    expires_at: str | float | None = None
    features: dict[str, float] = {}
    theories: dict[str, float] = {}
    tags: list[str] = []
    note: str | None = None


class Sql(BaseModel):
    """A statement that only reads."""

    model_config = ConfigDict(extra="forbid")

    statement: str = Field(min_length=1, max_length=100_000, examples=["SELECT count() FROM fills"])


def _json_type(typed: Any) -> Any:
    if isinstance(typed, dict):
        match typed["type"]:
            case "enum":
                return Literal[tuple(typed["symbols"])]
            case "long":
                return str
            case "array":
                return list[_json_type(typed["items"])]  # type: ignore[misc]
            case "map":
                return dict[str, _json_type(typed["values"])]  # type: ignore[misc]
    return {"string": str, "long": int, "double": float, "boolean": bool, "int": int, "bytes": str}[typed]


def message_model(kind: str) -> type[BaseModel]:
    """A message's JSON, from its schema."""
    types = catalog().schemas.current(kind).field_types()
    fields: dict[str, Any] = {name: (_json_type(typed) | None, ...) for name, typed in types.items()}
    return create_model(f"{KINDS[kind].__name__}Out", __base__=Document, **fields)


def page_model(name: str, item: type[BaseModel]) -> type[BaseModel]:
    return create_model(
        f"{name}Page",
        __base__=Document,
        items=(list[item], ...),  # type: ignore[valid-type]
        next=(str | None, Field(description="The cursor of the next page; none: this is the last.")),
    )
