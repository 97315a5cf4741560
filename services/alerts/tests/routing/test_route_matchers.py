"""Matchers mean what they mean in Alertmanager; what cannot be meant is said, with what to write instead."""

import pytest

from alerts.routing.labels import NAMES
from alerts.routing.matchers import BadMatcher, Matcher, Operator, parse_matcher


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ('tier="high"', Matcher("tier", Operator.IS, "high")),
        ('tier!="high"', Matcher("tier", Operator.IS_NOT, "high")),
        ('severity=~"critical|warning"', Matcher("severity", Operator.MATCHES, "critical|warning")),
        ('stage!~"onboarding|renewal"', Matcher("stage", Operator.MATCHES_NOT, "onboarding|renewal")),
        # white space around the parts is nobody's business
        (' tier =  "high" ', Matcher("tier", Operator.IS, "high")),
        # one word needs no quotes
        ("tier=high", Matcher("tier", Operator.IS, "high")),
        ("severity=~critical|warning", Matcher("severity", Operator.MATCHES, "critical|warning")),
        # the empty value
        ('owner=""', Matcher("owner", Operator.IS, "")),
        # escapes are Alertmanager's: \" \\ \n, everything else as it stands
        (r'to="say \"hi\" \\ there\n"', Matcher("to", Operator.IS, 'say "hi" \\ there\n')),
        (r'account=~"cust-\d+"', Matcher("account", Operator.MATCHES, r"cust-\d+")),
        (r'account=~"cust-\\d+"', Matcher("account", Operator.MATCHES, r"cust-\d+")),
        # what looks like an operator may stand in a value
        ('to="a=~b, {c}"', Matcher("to", Operator.IS, "a=~b, {c}")),
    ],
)
def test_a_matcher_is_read(text: str, matcher: Matcher) -> None:
    assert parse_matcher(text) == matcher
    assert parse_matcher(str(matcher)) == matcher


@pytest.mark.parametrize(
    ("text", "value", "fits"),
    [
        ('tier="high"', "high", True),
        ('tier="high"', "High", False),
        ('tier!="high"', "low", True),
        ('tier!="high"', "high", False),
        # anchored at both ends
        ('tier=~"hi"', "high", False),
        ('tier=~"hi.*"', "high", True),
        ('tier=~"low|high"', "high", True),
        ('tier=~"low|high"', "highest", False),
        ('tier!~"hi.*"', "high", False),
        ('tier!~"hi"', "high", True),
        ('tier=~"(?i)HIGH"', "high", True),
        # as RE2 has it: a dot is no line feed, a digit is 0 to 9
        ('tier=~"a.b"', "a\nb", False),
        ('tier=~"\\d"', "5", True),
        ('tier=~"\\d"', "\uff15", False),
        # a last line feed is part of the value
        ('tier=~"high"', "high\n", False),
        # an absent label is the empty string
        ('tier=""', None, True),
        ('tier!=""', None, False),
        ('tier=~".*"', None, True),
        ('tier=~".+"', None, False),
        ('tier!~".+"', None, True),
    ],
)
def test_a_matcher_fits_the_whole_value(text: str, value: str | None, fits: bool) -> None:
    labels = {} if value is None else {"tier": value}

    assert parse_matcher(text).matches(labels) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('owner="ana@X.io"', True),
        ('owner!="ana@x.io"', False),
        ('owner=~"ana@.*"', True),
        ('owner=~".*@x\\.IO|nobody"', True),
        ('owner!~"ana@.*"', False),
        ('owner="ann@x.io"', False),
        ('owner=""', False),
    ],
)
def test_an_owner_is_the_same_in_any_case(text: str, fits: bool) -> None:
    assert parse_matcher(text).matches({"owner": " Ana@x.io"}) is fits


def test_other_labels_mind_the_case() -> None:
    assert not parse_matcher('account="acme"').matches({"account": "Acme"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be like tier=\"high\" (or != =~ !~), not ''"),
        ("high", "must be like tier="),
        ('tier=="high"', "put the value in double quotes"),
        ('teir="high"', "unknown label 'teir', did you mean 'tier'?"),
        ('colour="red"', f"unknown label 'colour', known: {', '.join(NAMES)}"),
        ("tier=", 'has no value: write tier="" for the empty one'),
        # two in one line would be read as one strange value
        ("tier=high,kind=band", 'put the value in double quotes, one matcher a line: tier="..."'),
        ('tier="high",kind="band"', "put the value in double quotes"),
        ('{tier="high"}', "must be like tier="),
        ('tier="high', "put the value in double quotes"),
        ("tier='high'", "put the value in double quotes"),
        ('tier="hi"gh"', "put the value in double quotes"),
        ('account=~"("', "not a regular expression"),
        ('account=~"a{2,1}"', "not a regular expression"),
        ('account=~"a{99999999999}"', "not a regular expression"),
        # Python and RE2 would read it in two ways
        ('account=~"[[a]"', "not a regular expression"),
        # RE2 has none of these
        ('account=~"a(?=b)"', "of groups only"),
        ('account=~"(?P<x>a)"', "of groups only"),
        (r'account=~"(a)\1"', "of groups only"),
        # 30 letters a and a b would keep it busy for minutes
        ('account=~"(a+)+"', "a group that is repeated"),
        ('account=~"(a|a)*c"', "a group that is repeated"),
        ('account=~"(a?){40}"', "a group that is repeated"),
        ('to="a\0b"', "has characters that cannot be seen"),
        ('to="a\nb"', "has characters that cannot be seen; a line feed is written \\n"),
        ('account="' + "x" * 500 + '"', "more than 500 characters"),
    ],
)
def test_what_is_no_matcher_is_answered_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(BadMatcher) as caught:
        parse_matcher(text)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        r'account=~"a\(?=b"',  # an escaped bracket opens nothing
        r'account=~"a\)+"',
        'account=~"[)]+"',  # nor does one in a class
        'account=~"[^)]*"',
        'account=~"(a|b)?c"',  # once or not at all is no repeat
    ],
)
def test_what_only_looks_like_a_group_is_taken(text: str) -> None:
    assert parse_matcher(text).op is Operator.MATCHES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('severity="critcal"', "no signal has a severity that is 'critcal', did you mean 'critical'?"),
        ('severity=~"crit"', "no signal has a severity that is 'crit'"),
        ('kind="renewal_windw"', "no signal has a kind that is 'renewal_windw', did you mean 'renewal_window'?"),
        ('kind="expansion_ready"', None),
        ('parent="acme-group"', None),
        ('kind!="bands"', "no signal has a kind that is 'bands', did you mean 'band'?"),
        ('stage="churn"', "no signal has a stage that is 'churn', known: onboarding, adoption, renewal, expansion"),
        ('severity=~"crit.*"', None),
        ('kind="flag"', None),
        # open sets: posted by the product, or named in the scorecard
        ('tier="platinum"', None),
        ('to="anything"', None),
    ],
)
def test_a_value_that_no_signal_has_is_doubted(text: str, said: str | None) -> None:
    doubt = parse_matcher(text).never_matches()

    assert (doubt or "").startswith(said or "")
    assert (doubt is None) == (said is None)
