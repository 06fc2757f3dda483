"""Commands that no account can answer itself: those that open one, and those for one that is not there.

Rules of this file: the decision's id is made of the account and the command, not of the account's counter,
so that an account has the same ids whether a command or a file opened it.
"""

from schemas.messages import Command, Decision
from streams.engine.model.settings import Settings
from streams.engine.model.settings_check import BadSettingsError, read_settings


def decision(
    command: Command, time: int, reason: str = "", measured: float | None = None, limit: float | None = None
) -> Decision:
    """The answer: accepted, or refused with a reason."""
    return Decision(
        decision_id=f"{command.account}:{command.command_id}",
        ts=time,
        account=command.account,
        decision="refused" if reason else "accepted",
        symbol=command.symbol,
        command_id=command.command_id,
        reason=reason,
        measured=measured,
        limit=limit,
    )


def settings_of(command: Command, topic: str | None) -> Settings:
    """What a `create` asks for; BadSettingsError when it cannot be had in this market (None: any)."""
    settings = read_settings(command.settings)
    if settings.name != command.account:
        raise BadSettingsError("name")
    if topic is not None and settings.market != topic:
        raise BadSettingsError("market")
    return settings
