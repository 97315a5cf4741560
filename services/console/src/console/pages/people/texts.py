"""The texts of the people who may sign in."""

from collections.abc import Mapping

from msgspec import Struct

from console.languages.locale import Locale


class PeopleTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in. `done` has what the page says after each act."""

    title: str
    about: str
    listed: str
    email: str
    name: str
    role: str
    seen_at: str
    not_seen: str
    state: str
    enabled: str
    disabled: str
    acts: str
    you: str
    change_role: str
    change_role_of: str
    disable: str
    disable_of: str
    disable_about: str
    enable: str
    enable_of: str
    new_link: str
    new_link_of: str
    invite: str
    invite_about: str
    name_about: str
    invite_do: str
    bad_form: str
    taken: str
    unknown: str
    last_administrator: str
    done: Mapping[str, str]
    link_title: str
    link_of: str
    link: str
    link_once: str
    to_list: str


PEOPLE_TEXTS: Mapping[Locale, PeopleTexts] = {
    Locale.ENGLISH: PeopleTexts(
        title="People",
        about="Who may sign in to the console. A role that changes holds from the person's next request on.",
        listed="By e-mail address",
        email="E-mail",
        name="Name",
        role="Role",
        seen_at="Last seen",
        not_seen="not known",
        state="State",
        enabled="may sign in",
        disabled="disabled",
        acts="Acts",
        you="you",
        change_role="Change the role",
        change_role_of="Change the role of {}",
        disable="Disable",
        disable_of="Disable {}",
        disable_about="Ends their sessions and sign-in links, and refuses new sessions.",
        enable="Enable",
        enable_of="Enable {}",
        new_link="New sign-in link",
        new_link_of="New sign-in link for {}",
        invite="Invite a person",
        invite_about="Makes a link that signs the person in once, within 24 hours. Send it to them yourself.",
        name_about="As pages show it. Empty: the address is shown.",
        invite_do="Invite",
        bad_form="Give an e-mail address and a role.",
        taken="{} is here already. Give them a new link instead.",
        unknown="{} is not here any more.",
        last_administrator="{} is the last administrator who may sign in. Make somebody else one first.",
        done={
            "role": "{} has the role {} now.",
            "disabled": "{} is disabled.",
            "enabled": "{} may sign in again.",
        },
        link_title="The sign-in link",
        link_of="It signs in {}, once, within 24 hours.",
        link="Link",
        link_once="It is shown here once, and never again. Whoever has it is that person: send it as you would send a "
        "password.",
        to_list="All people",
    ),
    Locale.JAPANESE: PeopleTexts(
        title="利用者",
        about="コンソールにログインできる人です。権限の変更は、次の操作から有効になります。",
        listed="メールアドレス順",
        email="メールアドレス",
        name="名前",
        role="権限",
        seen_at="最終利用",
        not_seen="不明",
        state="状態",
        enabled="ログイン可",
        disabled="無効",
        acts="操作",
        you="あなた",
        change_role="権限を変更",
        change_role_of="{} の権限を変更",
        disable="無効にする",
        disable_of="{} を無効にする",
        disable_about="ログイン中のセッションを終了し、発行済みのリンクを無効にして、以後のログインを拒否します。",
        enable="有効にする",
        enable_of="{} を有効にする",
        new_link="ログイン用リンクを発行",
        new_link_of="{} のログイン用リンクを発行",
        invite="利用者を招待する",
        invite_about="24時間以内に一度だけ使えるログイン用リンクを発行します。本人にはご自身で送ってください。",
        name_about="ページに表示する名前です。空欄の場合はアドレスを表示します。",
        invite_do="招待する",
        bad_form="メールアドレスと権限を指定してください。",
        taken="{} はすでに登録されています。新しいリンクを発行してください。",
        unknown="{} は登録されていません。",
        last_administrator="{} はログインできる最後の管理者です。先に別の管理者を登録してください。",
        done={
            "role": "{} の権限を{}に変更しました。",
            "disabled": "{} を無効にしました。",
            "enabled": "{} を有効にしました。",
        },
        link_title="ログイン用リンク",
        link_of="{} が24時間以内に一度だけログインできるリンクです。",
        link="リンク",
        link_once="表示されるのはこの一度だけです。持っている人は本人として扱われるため、パスワードと同じように送ってください。",
        to_list="すべての利用者",
    ),
}
