"""A message as it goes over SMTP: seven-bit lines that any server takes, headers that cannot be broken out of."""

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses

from alerts.channels.letters import Email
from alerts.channels.lines import one_line

LONGEST_SUBJECT = 200
LONGEST_ID = 400
LONGEST_ADDRESS = 400
_AS_THEY_ARE = frozenset({"in-reply-to", "references", "list-unsubscribe"})


class _Policy(EmailPolicy):
    """The library folds a long word of these headers into encoded words, which takes a reply out of its thread."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() not in _AS_THEY_ARE:
            return super().fold_binary(name, value)
        folded = f"{self.linesep} ".join(value.split())
        return f"{name}: {folded}{self.linesep}".encode("ascii", "replace")


_POLICY = _Policy(linesep="\r\n", cte_type="7bit", raise_on_defect=False)


def parse_address(text: str) -> Address:
    """Of `dana@example.com` or `Dana Smith <dana@example.com>`. Raises ValueError for what is not one address.

    A domain outside ASCII becomes the one that is looked up; a mailbox outside ASCII few servers would take.
    """
    line = one_line(text, most=LONGEST_ADDRESS)
    complaint = f"not an e-mail address: {line}"
    found = getaddresses([line])
    name, bare = found[0] if found else ("", "")
    local, _, domain = bare.rpartition("@")
    if len(found) > 1 or line != text.strip() or not local or not domain or not local.isascii():
        raise ValueError(complaint)
    try:
        return Address(name, addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError, MessageError) as error:
        raise ValueError(complaint) from error


def unsubscribe_header(setting: str | None, sender: Address) -> str:
    """Where readers' programs send whoever has enough: the setting, else the sender's own mailbox."""
    link = setting or f"mailto:{sender.addr_spec}?subject=unsubscribe"
    link = link.strip().removeprefix("<").removesuffix(">")
    if not link.startswith(("mailto:", "https://")) or not link.isascii() or not link.isprintable() or " " in link:
        raise ValueError("the address for unsubscribing must begin with mailto: or https://")
    return f"<{link}>"


def build_email(mail: Email, *, sender: Address, to: Address, unsubscribe: str, at: datetime) -> bytes:
    """Text and HTML, with everything that threads it and that keeps automatic answers away."""
    message = EmailMessage(_POLICY)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = one_line(mail.subject, most=LONGEST_SUBJECT)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = one_line(mail.message_id, most=LONGEST_ID)
    if mail.references:
        ids = [one_line(reference, most=LONGEST_ID) for reference in mail.references]
        message["In-Reply-To"] = ids[-1]
        message["References"] = " ".join(ids)
    message["List-Unsubscribe"] = unsubscribe
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_encodable(mail.text))
    message.add_alternative(_encodable(mail.html), subtype="html")
    return message.as_bytes()


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
