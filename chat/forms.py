"""The forms of the account pages. They work without a script, and say at the field what is wrong with it."""

from copy import copy
from typing import Any, Final

from django import forms
from django.contrib.auth import get_user_model, password_validation
from django.core.exceptions import ValidationError

# A host's user name may be an address. (What a name in the chat may be is judged where it is claimed.)
NAME_CHARACTERS: Final = 254
PASSWORD_CHARACTERS: Final = 4_096

NO_MATCH: Final = "Name and password do not go together."
NOT_THE_SAME: Final = "The two passwords are not the same."
NOT_THE_PRESENT_ONE: Final = "That is not your present password."


def _name() -> forms.CharField:
    attrs = {"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false"}
    return forms.CharField(label="Name", max_length=NAME_CHARACTERS, widget=forms.TextInput(attrs=attrs))


def _password(label: str, autocomplete: str) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=PASSWORD_CHARACTERS, widget=widget)


class AccountForm(forms.Form):
    """Fields in the site's design: each points to its line of help, and one of them has the focus.

    That is the first with a mistake in it, else the first that is empty. Passwords come back empty.
    """

    def describe(self) -> None:
        """Called when no more errors come, before the form is drawn."""
        for name, field in self.fields.items():
            field.widget.attrs |= {"class": "field__input", "aria-describedby": f"id_{name}_help"}
        wrong = [name for name in self.fields if name in self.errors]
        empty = [name for name in self.fields if not self._shown(name)]
        for name in [*wrong, *empty][:1]:
            self.fields[name].widget.attrs["autofocus"] = True

    def _shown(self, name: str) -> bool:
        return isinstance(self.fields[name].widget, forms.TextInput) and bool(self[name].value())


class NameForm(AccountForm):
    """The first name, where no script has asked for it. What a name may be is judged where it is claimed."""

    name = forms.CharField(
        label="Your name",
        required=False,
        widget=forms.TextInput(
            {"autocomplete": "nickname", "autocapitalize": "words", "spellcheck": "false"}
        ),
    )


class NewPasswordForm(AccountForm):
    """A password, twice, that Django's validators pass: it must not be like what ``user`` or ``name`` say."""

    password = _password("Password", "new-password")
    again = _password("Password again", "new-password")

    def __init__(self, *args: Any, user: Any = None, name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = get_user_model()() if user is None else copy(user)
        self._called = name
        self.fields["password"].help_text = shortest_words()

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        password, again = cleaned.get("password"), cleaned.get("again")
        if password and again and password != again:
            self.add_error("again", NOT_THE_SAME)
        if password:
            # The user's own name says nothing; people know the name in the chat.
            setattr(self._user, self._user.USERNAME_FIELD, cleaned.get("name", self._called))
            try:
                password_validation.validate_password(password, self._user)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class RegistrationForm(NewPasswordForm):
    """Whether the name is free is found out when it is claimed."""

    name = _name()

    field_order = ("name", "password", "again")


class LoginForm(AccountForm):
    name = _name()
    password = _password("Password", "current-password")

    def refuse(self) -> None:
        """The same words for a wrong password, a name that nobody has, and an account that was closed."""
        self.add_error(None, NO_MATCH)


class PasswordForm(NewPasswordForm):
    present = _password("Present password", "current-password")

    field_order = ("present", "password", "again")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = "New password"
        self.fields["again"].label = "New password again"

    def refuse(self) -> None:
        self.add_error("present", NOT_THE_PRESENT_ONE)


def shortest_words() -> str:
    """How long a password is at least, if a validator of the host's asks for a length."""
    validators = password_validation.get_default_password_validators()
    lengths = [one.min_length for one in validators if hasattr(one, "min_length")]
    return f"At least {max(lengths)} characters." if lengths else ""
