"""playbooks.yml: the one that we ship, and what is said of slips."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from alerts.languages.registry import LANGUAGES
from alerts.playbooks.grammar import PlaybooksFile
from alerts.playbooks.load import InvalidPlaybooks, check_playbooks, load_playbooks
from alerts.playbooks.playbooks import NameCategory, Playbooks
from alerts.samples import Sample
from common.contracts.signals import Driver, Facts, Kind, Part, Severity
from common.documents.findings import Findings
from common.documents.json_schema import json_schema, schema_text
from common.documents.yaml import parse

DEPLOY = Path(__file__).parents[4] / "deploy"

FILE = """\
version: 1
names:
  metrics:
    logins: {en: logins, ja: ログイン, value: a_week}
  outcomes:
    churned: {en: left, ja: 解約, news: bad}
playbooks:
  - matchers: ['tier="high"', 'stage="renewal"']
    en: Call.
    ja: お電話を。
  - en: Look.
    ja: ご確認を。
"""


def declared(section: str) -> set[str]:
    """The names that the scorecard which we ship has there."""
    return set(parse((DEPLOY / "scorecard.yml").read_text(encoding="utf-8"), Findings(), noun="a scorecard")[section])


def test_what_we_ship_is_sound_to_the_loader_and_to_editors() -> None:
    text = (DEPLOY / "playbooks.yml").read_text(encoding="utf-8")
    reading = check_playbooks(text)

    assert (reading.problems, reading.warnings) == ((), ())
    assert Draft202012Validator(json_schema(PlaybooksFile)).is_valid(YAML(typ="safe", pure=True).load(text))
    assert (DEPLOY / "playbooks.schema.json").read_text(encoding="utf-8") == schema_text(PlaybooksFile, "Playbooks")
    assert text.startswith("# yaml-language-server: $schema=playbooks.schema.json\n")


def test_what_we_ship_has_words_for_all_that_the_scorecard_has(playbooks: Playbooks) -> None:
    named = {of: set(names) for of, names in playbooks.names.items()}

    assert named[NameCategory.METRICS] == declared("metrics")
    assert named[NameCategory.FLAGS] == declared("flags")
    assert named[NameCategory.OUTCOMES] == declared("outcomes")
    assert named[NameCategory.STAGES] == declared("weights")


@pytest.mark.parametrize("flag", sorted(declared("flags") - {"open_tickets"}))  # never told alone
@pytest.mark.parametrize("tier", ["high", "low", "tech", None])
def test_every_flag_has_a_step_of_its_own_and_its_band_the_same(
    flag: str, tier: str | None, playbooks: Playbooks
) -> None:
    facts = Facts(tier=tier)
    raised = Sample(kind=Kind.FLAG, to=flag, facts=facts, severity=Severity.WARNING).build()
    capped = Sample(to="red", parts=(Part(flag, Driver.CAP, -40.0),), facts=facts).build()
    general = Sample(kind=Kind.FLAG, to="something_else", facts=facts, parts=()).build()

    step = playbooks.next_step(raised, language="en")

    assert step == playbooks.next_step(capped, language="en")
    assert step != playbooks.next_step(general, language="en")


@pytest.mark.parametrize("metric", sorted(declared("metrics")))
@pytest.mark.parametrize("stage", ["onboarding", "adoption", "renewal", "expansion"])
def test_no_band_is_left_without_a_step(metric: str, stage: str, playbooks: Playbooks) -> None:
    fallen = Sample(stage=stage, parts=(Part(metric, Driver.SILENCE, -20.0),)).build()

    for language in LANGUAGES:
        step = playbooks.next_step(fallen, language=language)
        assert step is not None
        assert step != playbooks.next_steps[-1].texts[language]


def test_the_first_line_that_fits_is_told() -> None:
    playbooks = load_playbooks(FILE, "playbooks.yml")
    important = Sample(stage="renewal", facts=Facts(tier="high")).build()

    assert playbooks.next_step(important, language="en") == "Call."
    assert playbooks.next_step(Sample(facts=Facts(tier="high")).build(), language="ja") == "ご確認を。"


def test_without_a_line_that_fits_there_is_no_step() -> None:
    strict = load_playbooks(FILE[: FILE.index("  - en: Look.")], "playbooks.yml")

    assert strict.next_step(Sample().build(), language="en") is None


def test_what_is_not_named_is_shown_as_it_is_posted() -> None:
    playbooks = load_playbooks(FILE, "playbooks.yml")

    assert playbooks.name(NameCategory.METRICS, "logins", language="ja") == "ログイン"
    assert playbooks.name(NameCategory.METRICS, "active_seats", language="ja") == "active seats"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("    ja: お電話を。\n", "", "8:5: playbooks[0]: 'ja' is missing"),
        ("en: logins, ", "", "4:5: names.metrics.logins: 'en' is missing"),
        ("    en: Call.", "    en: ''", "9:5: playbooks[0].en: must be text of 1 to 500 characters, not ''"),
        ("    en: Call.", '    en: "Call\\nnow"', "9:5: playbooks[0].en: must be one line"),
        ("    en: Call.", '    en: "Call\\u202enow"', "9:5: playbooks[0].en: must be one line"),
        ("    en: Call.", "    de: Anrufen.\n    en: Call.", "9:5: playbooks[0].de: unknown key 'de'"),
        ("tier=", "teir=", "8:16: playbooks[0].matchers[0]: unknown label 'teir', did you mean 'tier'?"),
        (
            "value: a_week",
            "value: weekly",
            "4:36: names.metrics.logins.value: must be one of percent, number, a_week, not 'weekly'",
        ),
        (
            "news: bad",
            "news: sad",
            "6:33: names.outcomes.churned.news: must be one of good, bad, not 'sad', did you mean 'bad'?",
        ),
        ("  outcomes:", "  outcome:", "5:3: names.outcome: unknown key 'outcome', did you mean 'outcomes'?"),
        ("version: 1\n", "", "1:1: 'version' is missing"),
        ("playbooks:\n", "playbook:\n", "1:1: 'playbooks' is missing"),
        (FILE, "", "1:1: the file is empty"),
    ],
)
def test_a_slip_is_named_with_its_line(right: str, wrong: str, said: str) -> None:
    assert right in FILE
    with pytest.raises(InvalidPlaybooks) as caught:
        load_playbooks(FILE.replace(right, wrong, 1), "playbooks.yml")

    assert any(str(problem).startswith(said) for problem in caught.value.problems), str(caught.value)


def test_all_slips_are_named_at_once() -> None:
    slips = (
        FILE.replace("    ja: お電話を。\n", "")
        .replace("value: a_week", "value: x")
        .replace("    ja: ご確認を。\n", "")
    )

    assert len(check_playbooks(slips).problems) == 3


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (
            "  - {matchers: ['tier=\"low\"'], en: A., ja: あ。}\n",
            "13:5: playbooks[2]: is never told: the one on line 11",
        ),
        ("  - {en: A., ja: あ。}\n", "13:5: playbooks[2]: is never told: the one on line 11"),
    ],
)
def test_a_line_that_is_never_told_is_warned_of(last: str, said: str) -> None:
    (warning,) = check_playbooks(FILE + last).warnings

    assert str(warning).startswith(said)


def test_a_matcher_that_no_signal_fits_is_warned_of() -> None:
    (warning,) = check_playbooks(FILE.replace('stage="renewal"', 'stage="renwal"')).warnings

    assert str(warning).startswith("8:31: playbooks[0].matchers[1]: no signal has a stage that is 'renwal'")
