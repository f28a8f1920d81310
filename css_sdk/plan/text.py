"""Render plans as text for a terminal, and as Markdown for a pull request. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from attrs import evolve

from .._text.escaping import cut_name, shown
from .._text.masking import mask_name
from .._text.words import counted, joined
from ..people.identification import Unresolved
from ..people.identities import Person
from ..state import Place, Step
from .dates import WARNED_DAYS, Ending
from .diff import Unmanaged
from .planner import Plan
from .step_words import STEPS, Quote, Words, in_quotes


def masked(plan: Plan) -> Plan:
    """Return the plan without names, and with usernames and addresses cut to a few characters.

    The text and the JSON of the returned plan name nobody. Its states, which they leave out, are not masked.

    >>> step = Step("add_member", Place(101, "dev"), "reviewer", "c48af3232157a5f13dc753a5d3eed7ce@idir")
    >>> masked(Plan(steps=(step,))).steps[0].target
    'c48af3…@idir'
    """
    return evolve(
        plan,
        names={},
        steps=masked_steps(plan.steps),
        withheld=masked_steps(plan.withheld),
        protected=masked_steps(plan.protected),
        unresolved=tuple(
            evolve(
                one,
                person=Person(one.person.by, mask_name(one.person.value), one.person.provider),
                candidates=tuple(map(mask_name, one.candidates)),
            )
            for one in plan.unresolved
        ),
        dates=plan.dates
        and evolve(
            plan.dates,
            endings=tuple(evolve(each, username=mask_name(each.username)) for each in plan.dates.endings),
        ),
    )


def masked_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps with the usernames of members cut to a few characters."""
    return tuple(evolve(step, target=mask_name(step.target)) if step.changes_member else step for step in steps)


def plan_as_text(
    plan: Plan, names: Mapping[str, str] | None = None, mask: bool = False, whole: Plan | None = None
) -> str:
    """Return the plan as lines for a terminal.

    Args:
        plan: the plan to render.
        names: the names of people, by username. The text shows each name after the username. By default, these are the
            names in the file from which the plan was read.
        mask: whether to leave out names and shorten usernames.
        whole: the complete plan, if `plan` has only its remaining steps. The text shows the id of the complete plan.

    >>> print(plan_as_text(Plan(steps=(Step("create_role", Place(101, "dev"), "auditor"),))))
    #101 dev
      + create role auditor
    <BLANKLINE>
    Plan: 1 to create.
    """
    rendering = Rendering(plan, names, in_quotes, mask=mask)
    lines: list[str] = []
    for place in rendering.places:
        left = rendering.left_alone(place)
        lines += [rendering.title(place), *(f"  {sign} {words}" for sign, words in rendering.of(place))]
        lines += [f"  unmanaged, left alone: {left}", ""] if left else [""]
    for title, endings in rendering.endings:
        lines += [title, *(f"  {ending}" for ending in endings), ""]
    lines += [f"Note: {shown(note)}." for note in rendering.plan.notes]
    lines += [f"Left out of this plan: {place}" for place in map(shown, plan.left_out)]
    shown_id = (whole or plan).id if plan.steps else ""
    return "\n".join([*lines, rendering.sum(), *([f"Plan id: {shown_id}"] if shown_id else [])])


def plan_as_markdown(plan: Plan, names: Mapping[str, str] | None = None, mask: bool = False) -> str:
    """Return the plan as Markdown, for a comment on a pull request: a table for each place.

    Names that people chose appear as code, because they must neither mention somebody nor become a link.

    Args:
        plan: the plan to render.
        names: the names of people, by username. The text shows each name after the username. By default, these are the
            names in the file from which the plan was read.
        mask: whether to leave out names and shorten usernames.

    >>> print(plan_as_markdown(Plan(steps=(Step("create_role", Place(101, "dev"), "@all|x"),))).splitlines()[4])
    | + | create role <code>&#64;all&#124;x</code> |
    """
    rendering = Rendering(plan, names, as_code, mask=mask)
    lines: list[str] = []
    for place in rendering.places:
        rows = [f"| {sign} | {words} |" for sign, words in rendering.of(place)]
        lines += [f"### {as_code(rendering.title(place))}", ""]
        lines += ["| | change |", "| --- | --- |", *rows, ""] if rows else []
        left = rendering.left_alone(place)
        lines += [f"unmanaged, left alone: {left}", ""] if left else []
    for title, endings in rendering.endings:
        lines += [title, "", *(f"- {ending}" for ending in endings), ""]
    notes = [f"- Note: {as_code(note)}" for note in rendering.plan.notes]
    notes += [f"- Left out of this plan: {as_code(place)}" for place in plan.left_out]
    shown_id = [f"Plan id: `{plan.id}`", ""] if plan.steps and plan.id else []
    return "\n".join([*lines, *notes, *([""] if notes else []), f"**{rendering.sum()}**", "", *shown_id])


class Rendering:
    """Describe a plan in words.

    `quote` quotes or encodes the names that people chose. With `mask`, usernames are shortened and names are left out.
    By default, `names` are those in the file of the plan.
    """

    def __init__(self, plan: Plan, names: Mapping[str, str] | None, quote: Quote, *, mask: bool) -> None:
        self.plan = plan = masked(plan) if mask else plan
        self._words = Words(plan.names if mask or names is None else names, quote)
        self._by_place: dict[Place, list[tuple[str, str]]] = {}
        self._named = {one.place: evolve(one.place, project_name=cut_name(one.project_name)) for one in plan.places}
        for step in plan.steps:
            self._note(step.place, STEPS[step.kind][0], self._step(step))
        for step in plan.withheld:
            self._note(step.place, "!", f"would {self._step(step)}")
        for step in plan.protected:
            self._note(step.place, "=", f"protected: would {self._step(step)}")
        for one in plan.unresolved:
            self._note(one.place, "?", self._unresolved(one))

    @property
    def places(self) -> list[Place]:
        """Return the places for which the plan has something to show, sorted."""
        return sorted(self._by_place.keys() | {place for place in self.plan.unmanaged if self.left_alone(place)})

    def title(self, place: Place) -> str:
        """Return the project name, the id and the environment of a place, as a title."""
        return shown(str(self._named.get(place, place)))

    def of(self, place: Place) -> list[tuple[str, str]]:
        """Return the lines about a place, each as its sign, such as `+`, and its words."""
        return self._by_place.get(place, [])

    def left_alone(self, place: Place) -> str:
        """Return in words how many items the file does not mention; empty if there are none."""
        counts = self.plan.unmanaged.get(place, Unmanaged())
        parts = [(counts.roles, "role"), (counts.composites, "composite"), (counts.members, "member")]
        return ", ".join(counted(number, word) for number, word in parts if number)

    @property
    def endings(self) -> list[tuple[str, list[str]]]:
        """Return a title and lines for the grants that have ended, and for the grants that end soon."""
        dates = self.plan.dates
        if dates is None:
            return []
        soon = f"These grants end within {WARNED_DAYS} days of {dates.day} ({dates.timezone}):"
        parts = [("The last day of these grants is over:", dates.ended), (soon, dates.ending)]
        return [(title, [self._ending(each) for each in endings]) for title, endings in parts if endings]

    def _ending(self, one: Ending) -> str:
        who = f"{self._words.who(one.username)} in {self._words.quote(one.role)}"
        return f"{one.until}: {who}, {self._words.quote(self.title(one.place))}"

    def sum(self) -> str:
        """Return a summary of the plan in one line, such as `Plan: 2 to create. Not planned: 1 withheld.`"""
        counts = Counter(STEPS[step.kind][1] for step in self.plan.steps)
        done = [
            f"{counts[word]} to {word}" for word in dict.fromkeys(word for _, word, _ in STEPS.values()) if counts[word]
        ]
        rest = {"withheld": self.plan.withheld, "protected": self.plan.protected, "not resolved": self.plan.unresolved}
        left = ", ".join(f"{len(found):,} {word}" for word, found in rest.items() if found)
        return (f"Plan: {', '.join(done)}." if done else "No changes.") + (f" Not planned: {left}." if left else "")

    def _note(self, place: Place, sign: str, words: str) -> None:
        self._by_place.setdefault(place, []).append((sign, words))

    def _step(self, step: Step) -> str:
        words = self._words.step(step)
        match step.kind:
            case "rename_role":
                return f"{words}, with {counted(step.people, 'member')}"
            case "remove_composite" | "delete_role":
                lost = self._words.quote(step.target or step.role)
                return f"{words} ({counted(step.people, 'person loses', 'people lose')} {lost})"
            case _:
                return words

    def _unresolved(self, one: Unresolved) -> str:
        state = one.state if re.fullmatch("[a-z ]+", one.state) else self._words.quote(one.state)
        wanted = f"for {joined(map(self._words.quote, one.roles))}" if one.roles else "among the users"
        found = " or ".join(map(self._words.who, one.candidates))
        use = "one of these usernames" if len(one.candidates) > 1 else "this username"
        hint = f". Use {use}: {found}" if found else ""
        return f"{state}: {self._words.quote(one.person.value)}, {wanted}{hint}"


def as_code(text: str) -> str:
    """Return a text as code in Markdown, safe in tables, too. Nothing in the text acts as markup.

    >>> print(as_code("report_reader@idir"), as_code("a|b"))
    `report_reader@idir` <code>a&#124;b</code>
    """
    safe = shown(text)
    if re.fullmatch(r"[^\s`|\\<>$&]([^`|\\<>$&]*[^\s`|\\<>$&])?", safe):
        return f"`{safe}`"
    return "<code>{}</code>".format(re.sub(r"[^\w -]|_", lambda found: f"&#{ord(found[0])};", safe))
