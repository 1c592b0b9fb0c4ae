"""A notification as a mail; pure."""

from email.message import EmailMessage

from notification.connectors.smtp import wire
from notification.domain import text
from notification.ports import SendMail


def message(mail: SendMail, *, key: str, sender: str) -> EmailMessage:
    """Return the mail; its Message-ID follows from the notification's id, so repeats can be told."""
    subject, body = text(mail.template, mail.language, order_id=mail.order_id, detail=mail.detail)
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, mail.recipient, subject
    made["Message-ID"] = f"<{key}@{sender.rsplit('@', 1)[-1]}>"
    made[wire.NOTIFICATION_ID], made[wire.TEMPLATE], made[wire.ORDER] = key, mail.template, mail.order_id
    made.set_content(body)
    return made
