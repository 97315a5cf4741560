"""An e-mail as bytes for SMTP: seven-bit lines that any server takes, headers that no text can break out of."""

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses

from alerts.channels.email.render import Email
from alerts.channels.text import one_line

LONGEST_SUBJECT = 200
LONGEST_ID = 400
LONGEST_ADDRESS = 400
_NEVER_ENCODED = frozenset({"in-reply-to", "references", "list-unsubscribe"})


class _Policy(EmailPolicy):
    """The library encodes long words of these headers, and mail programs would no longer find the thread."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() not in _NEVER_ENCODED:
            return super().fold_binary(name, value)
        folded = f"{self.linesep} ".join(value.split())
        return f"{name}: {folded}{self.linesep}".encode("ascii", "replace")


_POLICY = _Policy(linesep="\r\n", cte_type="7bit", raise_on_defect=False)


def parse_address(text: str) -> Address:
    """Of `dana@example.com` or `Dana Smith <dana@example.com>`. Raises ValueError for what is not one address.

    A domain outside ASCII becomes its IDNA form; a mailbox outside ASCII is refused, for few servers take one.
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
    """Where mail programs let a reader unsubscribe: the setting, else the sender's own mailbox."""
    link = setting or f"mailto:{sender.addr_spec}?subject=unsubscribe"
    link = link.strip().removeprefix("<").removesuffix(">")
    if not link.startswith(("mailto:", "https://")) or not link.isascii() or not link.isprintable() or " " in link:
        raise ValueError("the address for unsubscribing must begin with mailto: or https://")
    return f"<{link}>"


def build_email(email: Email, *, sender: Address, to: Address, unsubscribe: str, at: datetime) -> bytes:
    """With the headers that thread it, and those that keep automatic answers away."""
    message = EmailMessage(_POLICY)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = one_line(email.subject, most=LONGEST_SUBJECT)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = one_line(email.message_id, most=LONGEST_ID)
    if email.references:
        ids = [one_line(reference, most=LONGEST_ID) for reference in email.references]
        message["In-Reply-To"] = ids[-1]
        message["References"] = " ".join(ids)
    message["List-Unsubscribe"] = unsubscribe
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_encodable(email.text))
    message.add_alternative(_encodable(email.html), subtype="html")
    return message.as_bytes()


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
