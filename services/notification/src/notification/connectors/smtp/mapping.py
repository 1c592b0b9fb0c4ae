"""A notification as a mail; pure."""

from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import formataddr

from notification.connectors.smtp import wire
from notification.domain import text
from notification.ports import SendMail

# The older policy writes the same mail for a tenth of the processor time.
POLICY = compat32.clone(linesep="\r\n")


def message(mail: SendMail, *, key: str, sender: str, title: str, link: str | None) -> bytes:
    """Return the mail; its Message-ID follows from the notification's id, so repeats can be told."""
    subject, body = text(mail.template, mail.language, order_id=mail.order_id, detail=mail.detail, link=link)
    made = MIMEText(body, "plain", "utf-8", policy=POLICY)
    made["From"], made["To"], made["Subject"] = formataddr((title, sender)), mail.recipient, subject
    made["Message-ID"] = f"<{key}@{sender.rsplit('@', 1)[-1]}>"
    made[wire.NOTIFICATION_ID], made[wire.TEMPLATE], made[wire.ORDER] = key, mail.template, mail.order_id
    return made.as_bytes()
