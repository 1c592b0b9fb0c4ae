"""Mails over a few connections that stay open."""

import asyncio

import aiosmtplib

from canonical.metadata import Brand
from chassis import Dependency, Permanent, Temporary

from notification.connectors.smtp.mapping import message
from notification.ports import SendMail

CONNECTIONS = 4
TIMEOUT_SECONDS = 10.0


class SmtpMailer:
    """A mail server; a mail counts as sent when it answered 250 to the data, and is not sent again after that."""

    def __init__(self, *, host: str, port: int, sender: str, gate: Dependency) -> None:
        self._gate = gate
        self._host, self._port, self._sender = host, port, sender
        self._free: asyncio.LifoQueue[aiosmtplib.SMTP | None] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            self._free.put_nowait(None)

    async def send(self, mail: SendMail, *, key: str, link: str | None, brand: Brand | None) -> None:
        """Send a mail."""
        sender = (brand.mail_from if brand else None) or self._sender
        async with self._gate.call():
            content = message(mail, key=key, sender=sender, title=brand.title if brand else "", link=link)
            await self._send(sender, mail.recipient, content)

    async def _send(self, sender: str, recipient: str, content: bytes) -> None:
        client = await self._free.get()
        try:
            client = await self._connected(client)
            options = [] if recipient.isascii() else ["SMTPUTF8"]
            await client.sendmail(sender, [recipient], content, mail_options=options)
        except aiosmtplib.SMTPResponseException as error:
            if error.code >= 500:
                raise Permanent(
                    f"the mail server refused: {error.code} {error.message}", remedy="check-address"
                ) from error
            raise Temporary(f"the mail server asks to come back: {error.code}") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise Permanent("the mail server refused the recipient", remedy="check-address") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            client = None
            raise Temporary(f"the mail server does not answer: {type(error).__name__}") from error
        finally:
            self._free.put_nowait(client)

    async def _connected(self, client: aiosmtplib.SMTP | None) -> aiosmtplib.SMTP:
        if client is None or not client.is_connected:
            client = aiosmtplib.SMTP(hostname=self._host, port=self._port, timeout=TIMEOUT_SECONDS, start_tls=False)
            await client.connect()
        return client
