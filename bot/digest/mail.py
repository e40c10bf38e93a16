"""A digest as mail: built as a message every mail program can read, handed to one SMTP server.

Not a queue and not a retry: one attempt, which ends well or raises what has to be done.
"""

import asyncio
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr

from bot.config import Smtp
from bot.digest.html import render_html
from bot.digest.page import DigestPage
from bot.digest.png import png
from bot.digest.text import render_text
from bot.digest.words import one_line
from bot.errors import BotError, ConfigError

TIMEOUT_SECONDS = 30.0


class MailRefused(BotError):
    """The mail server did not take the mail; try again later or ask its operator."""

    exit_code = 69


def compose_mail(page: DigestPage, sender: str, to: Sequence[str]) -> EmailMessage:
    """Put a page into one mail: plain text, and HTML with its charts inside."""
    _, address = parseaddr(sender)
    if "@" not in address:
        raise ConfigError("digest.smtp.sender is no mail address; set it in byname.toml.")
    mail = EmailMessage()
    mail["Subject"] = one_line(page.subject, 150)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(page.made_at)
    domain = address.rsplit("@", 1)[1]
    mail["Message-ID"] = make_msgid(domain=domain)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
    mail.set_content(render_text(page))
    ids = {chart.name: make_msgid(idstring=chart.name, domain=domain) for chart in page.charts}
    images = {name: f"cid:{cid[1:-1]}" for name, cid in ids.items()}
    mail.add_alternative(render_html(page, images), subtype="html")
    html = mail.get_payload(1)
    assert isinstance(html, EmailMessage)
    for chart in page.charts:
        html.add_related(
            png(chart),
            "image",
            "png",
            cid=ids[chart.name],
            filename=f"{chart.name}.png",
            disposition="inline",
        )
    return mail


async def send_mail(mail: EmailMessage, smtp: Smtp, password: str | None) -> None:
    """Hand the mail to the server, in a thread. Raises ConfigError or MailRefused."""
    await asyncio.to_thread(_send, mail, smtp, password)


def _send(mail: EmailMessage, smtp: Smtp, password: str | None) -> None:
    if not smtp.host:
        raise ConfigError("There is no mail server: set digest.smtp.host in byname.toml.")
    if smtp.user and password is None:
        raise ConfigError(
            f"The mail server wants {smtp.user} to sign in, and the secret `smtp` is missing."
        )
    where = f"{smtp.host}:{smtp.port}"
    with _explained(where, smtp), _connect(smtp) as server:
        if smtp.user:
            server.login(smtp.user, password or "")
        refused = server.send_message(mail)
    if refused:
        names = ", ".join(sorted(refused))
        raise MailRefused(f"{where} took the mail, but not for {names}; correct digest.to.")


def _connect(smtp: Smtp) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if smtp.tls == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_SECONDS)
    if smtp.tls == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


@contextmanager
def _explained(where: str, smtp: Smtp) -> Iterator[None]:
    """Say who must act, in the order from the most to the least specific error."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise ConfigError(
            f"{where} refused the sign-in of {smtp.user} ({_said(error)}); "
            "correct digest.smtp.user or the secret `smtp`."
        ) from None
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigError(f"{where} cannot do that: {error}; look at digest.smtp.tls.") from None
    except smtplib.SMTPSenderRefused as error:
        raise ConfigError(
            f"{where} refused the sender {error.sender} ({_said(error)}); "
            "correct digest.smtp.sender, or sign in with digest.smtp.user."
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        names = ", ".join(sorted(error.recipients))
        raise ConfigError(
            f"{where} refused every recipient ({names}); correct digest.to."
        ) from None
    except ssl.SSLError as error:
        raise ConfigError(
            f"No safe connection to {where}: {error.reason or error}; look at digest.smtp.tls."
        ) from None
    except smtplib.SMTPResponseException as error:
        raise MailRefused(f"{where} did not take the digest: {_said(error)}.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailRefused(f"{where} cannot be reached: {error}.") from None


def _said(error: smtplib.SMTPResponseException) -> str:
    raw = error.smtp_error
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return f"{error.smtp_code} {one_line(text, 120)}"
