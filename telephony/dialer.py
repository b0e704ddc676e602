"""Places follow-up calls by Originate."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dispatch.domain.errors import DialerUnavailable, InvalidInput, TelephonyUnavailable
from dispatch.domain.ports import FollowUpCall
from telephony.ami import AmiClient
from telephony.orders import LoopBound
from telephony.surveys import order_of

_NUMBER = re.compile(r"\d{3,20}")
_LANGUAGE = re.compile(r"[a-z]{2,8}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class DialerConfig:
    """How follow-up calls leave: the trunk's endpoint, the number shown, how long it may ring."""

    trunk: str = "trunk"
    context: str = "follow-up"
    caller_id: str = "12345"
    ring_s: int = 35


class FollowUpDialer(LoopBound):
    """Implements `dispatch.domain.ports.Dialer`; callable from any thread."""

    def __init__(self, client: AmiClient, config: DialerConfig | None = None) -> None:
        super().__init__(client)
        self._config = config or DialerConfig()

    def dial(self, call: FollowUpCall) -> None:
        """Order the call and return; its result comes as a SurveyEnded.

        Raises:
            DialerUnavailable: the telephone system cannot take the order now.
            InvalidInput: the number is no telephone number, or a language no folder's name.
        """
        if not _NUMBER.fullmatch(call.number) or not call.number.isascii():
            raise InvalidInput("回访号码无效，只能由数字组成", field="number")
        if not _CHANNEL_ID.fullmatch(call.channel_id):
            raise InvalidInput("回访通话编号无效", field="channel_id")
        if not all(_LANGUAGE.fullmatch(language) for language in call.survey.languages):
            raise InvalidInput("回访语言须是提示音文件夹的名称，如 zh、en", field="languages")
        try:
            self.run(self._originate(call))
        except TelephonyUnavailable as unavailable:
            raise DialerUnavailable from unavailable

    async def _originate(self, call: FollowUpCall) -> None:
        reply = await self._client.action(
            "Originate",
            ActionID=order_of(call.follow_up_id, call.channel_id),
            Channel=f"PJSIP/{call.number}@{self._config.trunk}",
            Context=self._config.context,
            Exten="s",
            Priority="1",
            CallerID=self._config.caller_id,
            Timeout=str(self._config.ring_s * 1000),
            ChannelId=call.channel_id,
            Variable=_variables(call),
            Async="true",
        )
        if not reply.ok:
            raise TelephonyUnavailable(reply.message)


def _variables(call: FollowUpCall) -> list[str]:
    """What `extensions_survey.conf` reads."""
    survey = call.survey
    return [
        f"FOLLOWUPID={call.follow_up_id}",
        f"LANGUAGES={'-'.join(survey.languages)}",
        f"TRIES={survey.tries}",
        f"COMMENTS={survey.comment_s}",
        f"DETECT={int(survey.detect_machine)}",
    ]
