"""`mapping check|test|schema`: checks mapping.yml, shows what a captured body becomes, prints the JSON Schema."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from common.documents.findings import InvalidDocument
from common.documents.json_schema import schema_text
from ingest.errors import BodyRefused, FieldError
from ingest.mapping.grammar import MappingFile
from ingest.mapping.load import check_mapping, load_mapping
from ingest.mapping.rules import MappingRules, SourceRules
from ingest.sdk.captured import FORMAT_NAMES, format_of
from ingest.sdk.trial import Trial, try_body

_DEFAULT = Path("deploy/mapping.yml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="exit 1 and say where, if the mapping is not sound")
    check.add_argument("file", type=Path, nargs="?", default=_DEFAULT, metavar="FILE", help=f"default: {_DEFAULT}")
    test = actions.add_parser("test", help="what a captured body would become; exit 1 if a message is refused")
    test.add_argument("body", type=Path, metavar="FILE", help="the body of a request as an SDK sent it, not compressed")
    test.add_argument("--source", default="web", help="the source of the key; default: web")
    test.add_argument("--format", choices=FORMAT_NAMES, help="default: what the body looks like")
    test.add_argument("--file", type=Path, default=_DEFAULT, metavar="MAPPING", help=f"default: {_DEFAULT}")
    actions.add_parser("schema", help="print the JSON Schema (deploy/mapping.schema.json)")


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    if arguments.action == "schema":
        print(schema_text(MappingFile, "Mapping"), end="")
        return 0
    file = arguments.file
    try:
        text = file.read_text(encoding="utf-8")
        if arguments.action == "check":
            checked = check_mapping(text)
            print(checked.report(str(file), _summary))
            return 0 if checked.content else 1
        rules = load_mapping(text, str(file))
        file = arguments.body
        return _test(file.read_bytes(), rules, arguments)
    except (OSError, UnicodeDecodeError) as error:
        print(f"{file}: cannot be read: {error}", file=sys.stderr)
    except (BodyRefused, InvalidDocument) as error:
        print(f"{file}: {error}" if isinstance(error, BodyRefused) else error, file=sys.stderr)
    return 1


def _summary(rules: MappingRules) -> Iterator[str]:
    yield f"defaults: {_counts(rules.defaults)}"
    for name, own in rules.sources.items():
        yield f"{name}: {_counts(own)}; identities of {own.identities}"
    for name, section in rules.webhooks.items():
        yield f"webhook {name}: {section.sender}, source {section.source}, posts to /v1/webhooks/{name}"


def _counts(rules: SourceRules) -> str:
    return (
        f"{len(rules.account)} paths of accounts, {len(set(rules.names.values()))} names, {len(rules.facts)} facts of "
        f"accounts, {len(rules.person)} of people"
    )


def _test(body: bytes, rules: MappingRules, arguments: argparse.Namespace) -> int:
    """Prints what becomes of each message. Returns the exit code. Raises `BodyRefused`."""
    name = arguments.format or format_of(body)
    if name is None:
        print(f"{arguments.body}: nobody can tell whose it is: say --format", file=sys.stderr)
        return 1
    source = arguments.source
    trials = try_body(body, name, rules.of(source), source=source, received_at=datetime.now(UTC))
    for trial in trials:
        print("\n".join(_told(trial, source)), end="\n\n")
    refused = sum(1 for one in trials if one.errors)
    ignored = sum(1 for one in trials if one.ignored is not None)
    taken = len(trials) - refused - ignored
    print(f"{len(trials)} messages of {name}: {taken} taken, {refused} refused, {ignored} ignored")
    return 1 if refused else 0


def _told(trial: Trial, source: str) -> Iterator[str]:
    became = ", ".join(trial.names) or ("ignored" if trial.ignored else "no event")
    yield f"{trial.index}  {trial.label or 'a message'} -> {'refused' if trial.errors else became}"
    if trial.message_id is not None:
        yield f"   id          {trial.message_id}"
    if trial.ignored is not None:
        yield f"   ignored     {trial.ignored}"
    if trial.names and not trial.errors:
        yield f"   account     {_account(trial)}"
    for title, names in (("properties", trial.properties), ("not used", trial.not_used)):
        if names:
            yield f"   {title:<11} {', '.join(names)}"
    yield from (f"   left out    {_error(one)}" for one in trial.left_out)
    yield from (f"   refused     {_error(one)}" for one in trial.errors)
    if trial.advice:
        yield f"   mapping.yml under sources, {source}:"
        yield from (f"     {line}" for line in trial.advice)


def _account(trial: Trial) -> str:
    if trial.account_id is None:
        return f"as group and identify messages tell of {' or '.join(trial.identities)}"
    return f"{trial.account_id} ({trial.account_from or 'as another message tells of its person'})"


def _error(error: FieldError) -> str:
    return f"{error.field or 'the message'}: {error.reason}: {error.detail}"
