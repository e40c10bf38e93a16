"""The digest as a mail server gets it: a real one, on loopback, with and without sign-in."""

import asyncio
import shutil
import ssl
import subprocess
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from bot.config import Smtp
from bot.digest.charts import Chart, Rect
from bot.digest.mail import MailRefused, compose_mail, send_mail
from bot.digest.page import DigestPage, HealthLine, Number, PersonGroup, PersonLine
from bot.errors import ConfigError

MARCH = "2026-03-10"


def page(**more) -> DigestPage:
    people = PersonGroup(
        "First-timers", (PersonLine("Zoë 陈", "mastodon", "new", "http://a/1", 1),)
    )
    bars = (Rect(10, 10, 20, 9, "bad"),)
    fields = {
        "brand": "Larkspur Tea",
        "day": date.fromisoformat(MARCH),
        "made_at": datetime(2026, 3, 11, 7, tzinfo=UTC),
        "headline": "Busier than a usual Tuesday: 63 messages instead of 30.",
        "standfirst": "Nothing waits for you.",
        "base_url": "http://127.0.0.1:8400",
        "health": (HealthLine("All is well.", is_good=True),),
        "numbers": (Number("Messages in", "63", "20 to 40", "up"),),
        "people": (people,),
        "charts": (Chart("hours", "When people wrote", "63 messages", 60, bars),),
    }
    return DigestPage(**(fields | more))


class Inbox:
    """Keeps what arrives, as a mail server's handler."""

    def __init__(self, refuse: str = ""):
        self.mails: list[EmailMessage] = []
        self.rcpt: list[str] = []
        self.refuse = refuse

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.refuse and address == self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.refuse == "data":
            return "452 mailbox is full"
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        self.rcpt = envelope.rcpt_tos
        return "250 taken"


def sign_in(server, session, envelope, mechanism, auth):
    good = auth.login == b"bot" and auth.password == b"right"
    return AuthResult(success=good, handled=False)


@pytest.fixture
async def serve():
    """Start a mail server on a free loopback port; the test gets settings to reach it."""
    started = []

    async def start(inbox: Inbox, **options) -> Smtp:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(inbox, **options), "127.0.0.1", 0)
        started.append(server)
        port = server.sockets[0].getsockname()[1]
        return Smtp(host="127.0.0.1", port=port, tls="none", sender="Byname <bot@example.org>")

    yield start
    for server in started:
        server.close()
        await server.wait_closed()


TO = ("ana@example.org", "team@example.org")


async def test_the_mail_as_it_arrives(serve):
    inbox = Inbox()
    smtp = await serve(inbox)
    await send_mail(compose_mail(page(), smtp.sender, TO), smtp, None)
    (mail,) = inbox.mails
    assert inbox.rcpt == list(TO)
    assert mail["Subject"].startswith("Larkspur Tea, Tuesday 10 March: Busier than a usual Tuesday")
    assert mail["From"] == "Byname <bot@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail.get_content_type() == "multipart/alternative"
    plain, related = mail.iter_parts()
    assert "Zoë 陈" in plain.get_content()
    assert related.get_content_type() == "multipart/related"
    html, image = related.iter_parts()
    assert "Zoë 陈" in html.get_content()
    assert image.get_content_type() == "image/png"
    assert f'src="cid:{image["Content-ID"][1:-1]}"' in html.get_content()
    assert image.get_content().startswith(b"\x89PNG")
    assert 'alt="When people wrote: 63 messages"' in html.get_content()
    assert "<svg" not in html.get_content()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_sign_in_is_done_when_asked_for(serve):
    inbox = Inbox()
    options = {"authenticator": sign_in, "auth_required": True, "auth_require_tls": False}
    smtp = (await serve(inbox, **options)).model_copy(update={"user": "bot"})
    mail = compose_mail(page(), smtp.sender, TO)
    await send_mail(mail, smtp, "right")
    assert len(inbox.mails) == 1
    with pytest.raises(ConfigError, match="refused the sign-in of bot"):
        await send_mail(mail, smtp, "wrong")
    with pytest.raises(ConfigError, match="secret `smtp` is missing"):
        await send_mail(mail, smtp, None)
    nobody = smtp.model_copy(update={"user": ""})
    with pytest.raises(ConfigError, match="sign in with digest"):
        await send_mail(mail, nobody, None)
    assert len(inbox.mails) == 1


async def test_a_refused_recipient_is_named(serve):
    inbox = Inbox(refuse="ana@example.org")
    smtp = await serve(inbox)
    with pytest.raises(MailRefused, match=r"not for ana@example\.org"):
        await send_mail(compose_mail(page(), smtp.sender, TO), smtp, None)
    assert inbox.rcpt == ["team@example.org"]
    with pytest.raises(ConfigError, match="every recipient"):
        await send_mail(compose_mail(page(), smtp.sender, TO[:1]), smtp, None)


async def test_a_full_server_is_somebody_elses_to_empty(serve):
    smtp = await serve(Inbox(refuse="data"))
    with pytest.raises(MailRefused, match="452 mailbox is full"):
        await send_mail(compose_mail(page(), smtp.sender, TO), smtp, None)


async def test_no_server_at_all(serve, unused_tcp_port):
    smtp = Smtp(host="127.0.0.1", port=unused_tcp_port, tls="none", sender="a@b.org")
    with pytest.raises(MailRefused, match="cannot be reached"):
        await send_mail(compose_mail(page(), smtp.sender, TO), smtp, None)
    with pytest.raises(ConfigError, match=r"set digest\.smtp\.host"):
        await send_mail(compose_mail(page(), "a@b.org", TO), Smtp(), None)


async def test_encryption_that_the_server_lacks_is_said(serve):
    inbox = Inbox()
    smtp = (await serve(inbox)).model_copy(update={"tls": "starttls"})
    with pytest.raises(ConfigError, match=r"look at digest\.smtp\.tls"):
        await send_mail(compose_mail(page(), smtp.sender, TO), smtp, None)
    assert not inbox.mails


@pytest.fixture
def untrusted(tmp_path):
    """A certificate nobody vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-days", "2", "-nodes"]
    made = ["req", "-x509", "-newkey", "rsa:2048", *subject, "-keyout", str(key), "-out", str(cert)]
    subprocess.run([openssl, *made], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


async def test_a_certificate_nobody_vouches_for_is_refused(serve, untrusted):
    inbox = Inbox()
    smtp = (await serve(inbox, tls_context=untrusted)).model_copy(update={"tls": "starttls"})
    with pytest.raises(ConfigError, match="No safe connection"):
        await send_mail(compose_mail(page(), smtp.sender, TO), smtp, None)
    assert not inbox.mails


def test_a_brand_with_a_line_break_cannot_add_headers():
    mail = compose_mail(page(brand="Tea\r\nBcc: x@evil.example"), "bot@example.org", TO)
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]


def test_a_sender_that_is_no_address():
    with pytest.raises(ConfigError, match=r"digest\.smtp\.sender"):
        compose_mail(page(), "", TO)
