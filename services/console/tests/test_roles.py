"""What a role may do."""

import pytest

from console.access.roles import Act, Role, may

ON_ACCOUNTS = (Act.ACKNOWLEDGE, Act.RESEND, Act.OVERRIDE)
OF_ADMINS = (Act.READ_AUDIT, Act.MANAGE_KEYS, Act.MANAGE_USERS, Act.RESEND_LETTERS, Act.ERASE)
OF_EVERYBODY = (Act.SIGN_IN, Act.SIGN_OUT, Act.CHOOSE_LANGUAGE)


def test_every_act_has_a_rule() -> None:
    assert set(Act) == {*ON_ACCOUNTS, *OF_ADMINS, *OF_EVERYBODY}


@pytest.mark.parametrize("act", ON_ACCOUNTS)
def test_a_csm_acts_on_their_own_accounts_alone(act: Act) -> None:
    assert may(Role.CSM, act, own=True)
    assert not may(Role.CSM, act, own=False)
    assert all(may(role, act, own=own) for role in (Role.LEAD, Role.ADMIN) for own in (True, False))


@pytest.mark.parametrize("act", OF_ADMINS)
def test_the_system_is_for_administrators(act: Act) -> None:
    assert may(Role.ADMIN, act)
    assert not any(may(role, act, own=own) for role in (Role.CSM, Role.LEAD) for own in (True, False))
