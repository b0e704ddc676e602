"""Files that came with a form, as the services take them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from dispatch.service.attachments import Sent

AT_ONCE = 10
"""Files of one form; more are refused by name."""


async def _sent(request: Request) -> AsyncIterator[list[Sent]]:
    form = await request.form()
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    try:
        # A form whose file field was left empty sends one file without a name.
        yield [Sent(file.filename, file.file) for file in files if file.filename]
    finally:
        await form.close()


SentFiles = Annotated[list[Sent], Depends(_sent)]
"""What was chosen in the form's file fields; nothing is believed of it yet."""
