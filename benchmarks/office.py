# ruff: noqa: E501  (texts and questions read best on one line)
"""A folder of a made-up organisation, and questions on it as people type them: what the answerer is fitted on.

    python -m benchmarks.office OUT --seed 1

Written are price lists, staff lists, policies, manuals, minutes, agreements, notices, incidents, orders and
settings, with names and values drawn at random, and `qa.jsonl`: look-ups in tables and prose, steps, lists,
reasons, comparisons, yes or no, typing errors, headings that answer, and near misses that nothing answers.
Another seed makes another organisation.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.tune.typing_errors import misspelt

_FIRST = [
    "Anna",
    "Bruno",
    "Clara",
    "Dmitri",
    "Elsa",
    "Farid",
    "Greta",
    "Hassan",
    "Irene",
    "Jakob",
    "Karim",
    "Lena",
    "Marco",
    "Nadia",
    "Otto",
    "Paula",
]
_LAST = [
    "Abel",
    "Brandt",
    "Conti",
    "Duarte",
    "Eriksen",
    "Fischer",
    "Grant",
    "Hoang",
    "Ivanova",
    "Jensen",
    "Kowal",
    "Lopes",
    "Moreau",
    "Novak",
]
_TOWNS = [
    "Aarhus",
    "Bergen",
    "Cardiff",
    "Dresden",
    "Espoo",
    "Freiburg",
    "Ghent",
    "Heidelberg",
    "Innsbruck",
    "Jena",
    "Kaunas",
    "Leeds",
]
_THINGS = [
    "kettle",
    "drill",
    "lantern",
    "heater",
    "sander",
    "blower",
    "mixer",
    "scanner",
    "printer",
    "cutter",
    "pump",
    "fan",
]
_JOBS = (
    "head of logistics",
    "data protection officer",
    "works manager",
    "head of training",
    "librarian",
    "purchasing agent",
    "safety officer",
    "payroll clerk",
)
_FIRMS = ["Alder", "Borealis", "Cobalt", "Delphi", "Ember", "Fjord", "Granite", "Harbour"]

_SUBJECT = re.compile(r"(?<=[a-z] )[A-Z][A-Za-z]*(?:-\d+| [A-Z]\w+)?")
_ABSENT = (
    ("Who is the deputy of {}?", "deputy"), ("How much is the deposit for {}?", "deposit"),
    ("What colour is {}?", "colour"), ("Which bank does {} use?", "bank"), ("Who designed the logo of {}?", "logo"),
    ("When is the birthday of {}?", "birthday"), ("When was {} last audited?", "audit"), ("How loud is {}?", "loud"),
    ("Who insures {}?", "insur"), ("What is the nickname of {}?", "nickname"), ("Who is the landlord of {}?", "landlord"),
    ("How many parking spaces belong to {}?", "parking"), ("Which language is spoken with {}?", "language"),
    ("What is the tax number of {}?", "tax number"), ("Who took the photographs of {}?", "photograph"),
    ("What is the melting point of {}?", "melting"), ("Where was {} born?", "born"), ("Who translated {}?", "translat"),
    ("What discount do students get on {}?", "student"), ("Which prize did {} win?", "prize"),
)  # fmt: skip
"""Questions on a subject for what no file says, and the word that no file may have."""
_FAQ = (
    ("Is the {} waterproof?", "Can the {} be used in the rain?", "No. Keep it in its bag when it is wet outside. The {other} stands rain and snow.", "Keep it in its bag"),
    ("Can I send the {} back?", "Is it possible to return the {}?", "No. It is made to order. The {other} can be returned within {} days.", "made to order"),
    ("Do you repair the {}?", "Will you mend a broken {}?", "Yes, in our workshop, for EUR {} an hour. We no longer mend the {other}, because parts are missing.", "in our workshop"),
    ("How long is the warranty of the {}?", "For how long is the {} guaranteed?", "{} months from the day of purchase. For the {other} it is a year more.", "{} months"),
    ("What does the {} run on?", "What kind of power does the {} need?", "Two batteries of {} volts, which we sell. The {other} needs a socket.", "batteries"),
    ("How do I clean the {}?", "What should a dirty {} be washed with?", "With warm water and a soft cloth, never with soap. The {other} may go into the dishwasher.", "warm water"),
    ("Where do I find the serial number of the {}?", "In what place does the number of the {} stand?", "On a plate under its lid. That of the {other} is printed on the box.", "plate under its lid"),
    ("Why does the {} hum?", "What is the reason that the {} makes a noise?", "The fan runs until it is cold. The {other} has none.", "fan runs"),
    ("May children use the {}?", "Is the {} suitable for children?", "Only with a grown-up beside them. The {other} is for children from {} years.", "grown-up"),
    ("Can I hire the {}?", "Is it possible to rent the {} for a weekend?", "Yes, for EUR {} a day. The {other} is for sale only.", "EUR {}"),
)  # fmt: skip
"""Headings of a list of questions, other words for each, its answer and the words that prove it."""
_ELSEWHERE = (
    ("Which airline do we fly with?", "airline"), ("Who waters the plants?", "plants"),
    ("What was the score at the chess evening?", "chess"), ("How many bicycles are in the cellar?", "bicycle"),
    ("Where is the Christmas dinner held?", "christmas"), ("Who painted the picture in the hall?", "paint"),
    ("When does the gym open?", "gym"), ("What is the name of the office dog?", "dog"),
    ("Which newspaper do we read?", "newspaper"), ("How long is the way to the harbour on foot?", "on foot"),
    ("What does a haircut cost?", "haircut"), ("Who is the mayor?", "mayor"),
)  # fmt: skip

Question = dict[str, Any]


class Office:
    """Files by name, and the questions on them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.files: dict[str, str] = {}
        self.questions: list[Question] = []
        self.people = [f"{a} {b}" for a in _FIRST for b in _LAST]
        self.chance.shuffle(self.people)
        for write in (
            self.prices,
            self.staff,
            self.rooms,
            self.policies,
            self.manuals,
            self.minutes,
            self.agreements,
            self.notices,
            self.incidents,
            self.orders,
            self.settings,
            self.faults,
            self.projects,
            self.letters,
            self.places,
            self.near_misses,
        ):
            write()
        self.misspell()

    def ask(
        self, kind: str, question: str, answers: Sequence[str], source: str, *, all_of: bool = False
    ) -> None:
        meta: dict[str, Any] = {"kind": kind}
        if all_of:
            meta["all"] = list(answers)
        self.questions.append(
            {
                "id": f"q{len(self.questions)}",
                "question": question,
                "answers": list(answers),
                "relevant": [source] if source else [],
                "meta": meta,
            }
        )

    def person(self) -> str:
        return self.people.pop()

    def pick(self, *options: str) -> str:
        return self.chance.choice(options)

    def prices(self) -> None:
        for year in (2023, 2024):
            names = [f"{thing.upper()[:2]}-{self.chance.randrange(10, 99)}0" for thing in _THINGS]
            rows = [
                (
                    name,
                    thing.capitalize(),
                    f"{self.chance.randrange(20, 900)}.{self.chance.randrange(10, 99)}",
                    f"{self.chance.randrange(2, 90)}.{self.chance.randrange(1, 9)}",
                    str(self.chance.randrange(1, 19)),
                    f"{self.chance.randrange(1, 6)} years",
                )
                for name, thing in zip(names, _THINGS, strict=True)
            ]
            head = ("Article", "Product", "Price (EUR)", "Weight (kg)", "Delivery time (weeks)", "Guarantee")
            source = f"prices-{year}.md"
            self.files[source] = f"# Price list {year}\n\nAll prices without tax.\n\n" + _table(head, rows)
            for row in self.chance.sample(rows, 6):
                which = f" in {year}"
                ask = self.pick("price", "weight", "delivery", "guarantee", "article")
                if ask == "price":
                    self.ask(
                        "table",
                        self.pick(
                            f"How much does the {row[0]} cost?",
                            f"What is the price of the {row[0]}{which}?",
                            f"{row[0]} price",
                        ),
                        [row[2]],
                        source,
                    )
                elif ask == "weight":
                    self.ask(
                        "table",
                        self.pick(
                            f"How heavy is the {row[0]}?",
                            f"What does the {row[0]} weigh?",
                            f"weight of {row[0]}",
                        ),
                        [row[3]],
                        source,
                    )
                elif ask == "delivery":
                    self.ask(
                        "table",
                        self.pick(
                            f"How long does it take to get a {row[0]}?",
                            f"What is the delivery time of the {row[0]}?",
                        ),
                        [row[4]],
                        source,
                    )
                elif ask == "guarantee":
                    self.ask(
                        "table",
                        self.pick(
                            f"How long is the guarantee on the {row[0]}?",
                            f"What guarantee does the {row[0]} have?",
                        ),
                        [row[5]],
                        source,
                    )
                else:
                    self.ask("table", f"What kind of product is the {row[0]}?", [row[1]], source)
            row = self.chance.choice(rows)
            self.ask("unanswerable", f"What colour is the {row[0]}?", [], "")
            self.ask(
                "unanswerable", f"What is the price of the ZX-{self.chance.randrange(1000, 9999)}?", [], ""
            )

    def staff(self) -> None:
        rows = [
            (
                self.person(),
                job.capitalize(),
                self.chance.choice(_TOWNS),
                str(self.chance.randrange(1000, 9999)),
                f"20{self.chance.randrange(10, 24)}-0{self.chance.randrange(1, 9)}-1{self.chance.randrange(0, 9)}",
            )
            for job in _JOBS
        ]
        mark = self.pick(",", ";")
        self.files["staff.csv"] = (
            "\n".join(
                mark.join(row) for row in [("name", "position", "office", "extension", "joined"), *rows]
            )
            + "\n"
        )
        for row in rows:
            ask = self.pick("who", "phone", "office", "joined", "missing")
            if ask == "who":
                self.ask("table", f"Who is the {row[1].lower()}?", [row[0]], "staff.csv")
            elif ask == "phone":
                self.ask(
                    "table",
                    self.pick(
                        f"What is {row[0]}'s extension?",
                        f"phone extension {row[0]}",
                        f"What number do I dial for {row[0]}?",
                    ),
                    [row[3]],
                    "staff.csv",
                )
            elif ask == "office":
                self.ask(
                    "table",
                    self.pick(f"Where does {row[0]} work?", f"In which office is {row[0]}?"),
                    [row[2]],
                    "staff.csv",
                )
            elif ask == "joined":
                self.ask(
                    "table",
                    self.pick(f"When did {row[0]} join?", f"Since when is {row[0]} with us?"),
                    [row[4]],
                    "staff.csv",
                )
            else:
                self.ask(
                    "unanswerable",
                    self.pick(
                        f"What does {row[0]} earn?",
                        f"How old is {row[0]}?",
                        f"Who is {row[0]} married to?",
                        f"Who is {row[0]}'s deputy?",
                    ),
                    [],
                    "",
                )

    def rooms(self) -> None:
        rows = [
            (
                f"Room {town}",
                str(self.chance.randrange(4, 60)),
                self.pick("yes", "no"),
                f"{self.chance.randrange(1, 9)}th floor",
                self.person(),
            )
            for town in self.chance.sample(_TOWNS, 7)
        ]
        self.files["rooms.html"] = (
            "<html><head><title>Meeting rooms</title></head><body><h1>Meeting rooms</h1><p>Book at the reception.</p><table><tr>"
            + "".join(f"<th>{name}</th>" for name in ("Room", "Seats", "Projector", "Where", "Caretaker"))
            + "</tr>"
            + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
            + "</table></body></html>"
        )
        for row in self.chance.sample(rows, 5):
            ask = self.pick("seats", "who", "where")
            if ask == "seats":
                self.ask(
                    "table",
                    self.pick(f"How many people fit into {row[0]}?", f"How many seats does {row[0]} have?"),
                    [row[1]],
                    "rooms.html",
                )
            elif ask == "who":
                self.ask("table", f"Who looks after {row[0]}?", [row[4]], "rooms.html")
            else:
                self.ask("table", f"Where is {row[0]}?", [row[3]], "rooms.html")
        big = [row[0] for row in rows if row[2] == "yes"]
        if 1 < len(big) < 6:
            self.ask("list", "Which rooms have a projector?", big, "rooms.html", all_of=True)
        self.ask("unanswerable", f"What is the rent of {rows[0][0]}?", [], "")

    def policies(self) -> None:
        days, notice, hours, km, limit = (
            str(self.chance.randrange(a, b)) for a, b in ((24, 33), (2, 7), (4, 9), (20, 60), (30, 90))
        )
        boss = self.person()
        self.files["leave-policy.md"] = (
            f"# Leave policy\n\n## Holidays\n\nEvery employee has {days} days of paid holiday a year. Requests are sent to the team lead at least {notice} weeks before. Unused days expire on 31 March of the next year.\n\n"
            f"## Sickness\n\nReport sick before {hours} in the morning. A doctor's certificate is needed from the third day.\n\n## Parental leave\n\nParental leave is agreed with {boss}. It may be split into two parts.\n"
        )
        self.ask(
            "prose",
            self.pick("How many days off do I get per year?", "How many days of holiday do employees have?"),
            [days],
            "leave-policy.md",
        )
        self.ask("prose", "When do unused holidays expire?", ["31 March"], "leave-policy.md")
        self.ask(
            "prose",
            self.pick("Who do I talk to about parental leave?", "With whom is parental leave agreed?"),
            [boss],
            "leave-policy.md",
        )
        self.ask(
            "prose",
            self.pick(
                "From which day do I need a doctor's certificate?", "When is a doctor's certificate needed?"
            ),
            ["third day"],
            "leave-policy.md",
        )
        self.ask("prose", "How early must holidays be requested?", [f"{notice} weeks"], "leave-policy.md")
        self.ask("yes-no", "Can parental leave be split?", ["may be split into two parts"], "leave-policy.md")
        self.ask("unanswerable", "How many days of holiday do contractors get?", [], "")
        self.files["expenses.md"] = (
            f"# Travel expenses\n\nTrips of more than {km} kilometres are paid by train, second class. Taxis are paid only after 22:00 or with heavy luggage.\n\n## Meals\n\n"
            + _table(
                ("Country", "Breakfast", "Dinner"),
                [
                    ("Denmark", "DKK 110", "DKK 290"),
                    ("Poland", "PLN 45", "PLN 120"),
                    ("Other", "EUR 12", f"EUR {limit}"),
                ],
            )
            + "\n\n## Receipts\n\nReceipts are uploaded within 14 days. Lost receipts are replaced by a signed statement.\n"
        )
        self.ask(
            "table",
            self.pick("What is the dinner allowance in Poland?", "How much can I spend on dinner in Poland?"),
            ["PLN 120"],
            "expenses.md",
        )
        self.ask("table", "How much is paid for breakfast in Denmark?", ["DKK 110"], "expenses.md")
        self.ask(
            "yes-no",
            self.pick("Can I take a taxi at noon?", "Are taxis paid during the day?"),
            ["only after 22:00"],
            "expenses.md",
        )
        self.ask(
            "prose",
            self.pick("By when do I upload receipts?", "How long do I have to hand in receipts?"),
            ["14 days"],
            "expenses.md",
        )
        self.ask("prose", "What if I lose a receipt?", ["signed statement"], "expenses.md")
        self.ask("unanswerable", "What is the dinner allowance for interns?", [], "")

    def manuals(self) -> None:
        works = [
            (
                "descale the boiler",
                "Descaling the boiler",
                [
                    "Switch the boiler off at the wall",
                    "Let it cool for two hours",
                    "Fill in one litre of descaler",
                    "Wait twenty minutes",
                    "Rinse three times with fresh water",
                ],
            ),
            (
                "change the air filter",
                "Changing the air filter",
                [
                    "Open the grey flap on the left",
                    "Pull the old filter out",
                    "Vacuum the slot",
                    "Push the new filter in until it clicks",
                ],
            ),
            (
                "reset a badge",
                "Resetting a badge",
                [
                    "Log in to the door server as keeper",
                    "Search for the badge number",
                    "Press Revoke and then Issue",
                    "Hold the badge to the reader for five seconds",
                ],
            ),
            (
                "order business cards",
                "Ordering business cards",
                [
                    "Open the print portal",
                    "Choose the template of your office",
                    "Enter name and extension",
                    "Ask your team lead to approve",
                ],
            ),
            (
                "set up the projector",
                "Setting up the projector",
                ["Lower the screen", "Connect the cable under the table", "Choose HDMI 2 on the remote"],
            ),
        ]
        for place, (asked, heading, steps) in enumerate(works):
            numbered = place % 2 == 0
            source = f"manual-{place}.md"
            body = "\n".join(f"{n}. {step}." if numbered else f"- {step}." for n, step in enumerate(steps, 1))
            self.files[source] = (
                f"# Handbook {place}\n\nThis page was checked by {self.person()}.\n\n## {heading}\n\nYou need about ten minutes.\n\n{body}\n\n## Safety\n\nNever work alone in the cellar.\n"
            )
            self.ask(
                "how-to",
                self.pick(
                    f"How do I {asked}?",
                    f"how to {asked}",
                    f"What are the steps to {asked}?",
                    f"How can I {asked}?",
                ),
                steps,
                source,
                all_of=True,
            )
        self.ask("unanswerable", "How do I repair the lift?", [], "")

    def minutes(self) -> None:
        for month in ("February", "June", "September"):
            chair, owner, other = self.person(), self.person(), self.person()
            tool, loser = self.chance.sample(("Orbit", "Quill", "Ledgerly", "Tasko", "Planum"), 2)
            cost = f"{self.chance.randrange(10, 99)},000"
            source = f"minutes-{month.lower()}.md"
            actions = [
                f"Order {self.chance.randrange(3, 30)} chairs for the canteen",
                f"Invite {self.person()} to the next meeting",
                "Send the budget to the auditors",
            ]
            self.chance.shuffle(actions)
            self.files[source] = (
                f"# Minutes of the {month} meeting\n\n**Chair:** {chair}\n\n## Decisions\n\nThe committee chose {tool} over {loser} because {loser} has no export. The licence costs EUR {cost} a year. {owner} signs the contract.\n\n"
                f"## Actions\n\n"
                + "\n".join(
                    f"- {action} ({who})" for action, who in zip(actions, (owner, other, chair), strict=True)
                )
                + "\n\n## Next meeting\n\nThe next meeting is on the "
                f"{self.chance.randrange(2, 28)}th at 09:30 in the library.\n"
            )
            self.ask("prose", f"Who chaired the {month} meeting?", [chair], source)
            self.ask(
                "why",
                self.pick(
                    f"Why was {tool} chosen in {month}?", f"Why did the committee choose {tool} over {loser}?"
                ),
                [f"{loser} has no export"],
                source,
            )
            self.ask(
                "prose",
                f"How much does the licence of {tool} cost that was chosen in {month}?",
                [cost],
                source,
            )
            self.ask(
                "list",
                self.pick(
                    f"List the actions of the {month} meeting.",
                    f"What are the actions from the {month} meeting?",
                    f"Which actions came out of the {month} meeting?",
                ),
                actions,
                source,
                all_of=True,
            )
            self.ask("prose", f"Who has to {actions[0][0].lower()}{actions[0][1:]}?", [owner], source)
        self.ask("unanswerable", "Who chaired the December meeting?", [], "")

    def agreements(self) -> None:
        sums = {}
        for firm in self.chance.sample(_FIRMS, 4):
            fee, cap, months, signer = (
                f"{self.chance.randrange(2, 40)},{self.chance.randrange(1, 9)}00",
                f"{self.chance.randrange(100, 900)},000",
                self.pick("three", "six", "nine", "twelve"),
                self.person(),
            )
            source = f"agreement-{firm.lower()}.md"
            sums[firm] = (cap, fee)
            self.files[source] = (
                f"# Supply agreement with {firm} Ltd\n\n## 1 Fee\n\nThe customer pays EUR {fee} a month, due on the {self.chance.randrange(2, 28)}th.\n\n## 2 Term\n\nThe agreement begins on 1 {self.pick('May', 'July', 'October')} 2022. Either side may end it with {months} months' notice.\n\n"
                f"## 3 Liability\n\nLiability is limited to EUR {cap} a year.\n\n## 4 Signed\n\nFor {firm} Ltd: {signer}\n"
            )
            self.ask(
                "prose",
                self.pick(f"What is the monthly fee of {firm}?", f"How much do we pay {firm} per month?"),
                [fee],
                source,
            )
            self.ask(
                "prose",
                self.pick(f"How long is the notice period with {firm}?", f"notice period {firm}"),
                [f"{months} months"],
                source,
            )
            self.ask("prose", f"Who signed for {firm}?", [signer], source)
            self.ask(
                "prose",
                self.pick(f"What is the liability cap with {firm}?", f"Up to what sum is {firm} liable?"),
                [cap],
                source,
            )
        one, other = list(sums)[:2]
        self.ask(
            "compare",
            f"Compare the liability caps of {one} and {other}.",
            [sums[one][0], sums[other][0]],
            f"agreement-{one.lower()}.md",
            all_of=True,
        )
        self.ask(
            "compare",
            f"What are the monthly fees of {one} and {other}?",
            [sums[one][1], sums[other][1]],
            f"agreement-{one.lower()}.md",
            all_of=True,
        )
        self.ask("unanswerable", f"Who is {one}'s lawyer?", [], "")
        self.ask("unanswerable", f"What is the penalty for late delivery by {other}?", [], "")

    def notices(self) -> None:
        self.files["house-rules.md"] = (
            "# House rules\n\n## The gate closes at 21:00\n\nAfter that, ring the night porter.\n\n## Breakfast is served in the winter garden\n\nVegetarians tell the kitchen a day before.\n\n## Parking costs 6 euros a day\n\nPay at the machine.\n\n## Dogs are welcome on the ground floor\n\nNot in the lifts.\n"
        )
        for question, answer in (
            ("When does the gate close?", "21:00"),
            ("Where is breakfast served?", "winter garden"),
            ("How much is parking?", "6 euros"),
            ("Where are dogs welcome?", "ground floor"),
        ):
            self.ask("heading", question, [answer], "house-rules.md")
        self.ask("prose", "Whom do I ring after the gate has closed?", ["night porter"], "house-rules.md")
        self.ask("unanswerable", "How much is breakfast?", [], "")
        self.files["faq.md"] = (
            "# Questions\n\n## Do you deliver on Saturdays?\n\nYes, in the morning, for an extra EUR 9.\n\n## Can I return a gift?\n\nWithin 30 days, with the card that came with it.\n\n## Where can I see the goods?\n\nIn our showroom in "
            + self.chance.choice(_TOWNS)
            + ".\n"
        )
        self.ask("yes-no", "Do you deliver on Saturday?", ["in the morning"], "faq.md")
        self.ask("prose", "What does delivery on Saturday cost?", ["EUR 9"], "faq.md")
        self.ask("prose", "How long can gifts be returned?", ["30 days"], "faq.md")
        parts = []
        things = self.chance.sample(_THINGS, min(6, len(_THINGS)))
        for place, (heading, other_words, answer, proof) in enumerate(self.chance.sample(_FAQ, 5)):
            thing, number = things[place % len(things)], str(self.chance.randrange(10, 90))
            said = answer.replace("{other}", things[(place + 1) % len(things)]).replace("{}", number)
            parts.append(f"## {heading.format(thing)}\n\n{said}\n")
            for question in (heading, other_words):
                self.ask(
                    "faq", question.format(thing), [proof.replace("{}", number)], "questions-of-customers.md"
                )
        self.files["questions-of-customers.md"] = "# Questions of customers\n\n" + "\n".join(parts)

    def incidents(self) -> None:
        causes = [
            ("mail server", "the disk of the backup host was full"),
            ("heating", "a valve in the cellar was stuck"),
            ("phone system", "the licence had expired overnight"),
            ("ticket shop", "a script deleted the price table"),
        ]
        for place, (what, cause) in enumerate(causes):
            source, lost = f"incident-{place}.md", str(self.chance.randrange(20, 400))
            lead = self.pick(
                f"The outage happened because {cause}.",
                f"{cause[0].upper()}{cause[1:]}, which stopped everything.",
                f"The cause was that {cause}.",
            )
            self.files[source] = (
                f"# Report: failure of the {what}\n\nThe {what} was down for {self.chance.randrange(2, 9)} hours. {lost} customers called.\n\n## Cause\n\n{lead} The alarm was off. {self.person()} noticed it first.\n\n## Remedies\n\n- Test the alarm every month\n- Write a checklist for the night shift\n- Replace the oldest parts of the {what}\n"
            )
            self.ask(
                "why",
                self.pick(
                    f"Why did the {what} fail?",
                    f"Why was the {what} down?",
                    f"What caused the failure of the {what}?",
                    f"What was the reason for the outage of the {what}?",
                ),
                [cause],
                source,
            )
            self.ask("prose", f"How many customers called when the {what} failed?", [lost], source)
            if place % 2 == 0:
                self.ask(
                    "list",
                    self.pick(
                        f"What are the remedies after the failure of the {what}?",
                        f"List the remedies for the {what}.",
                    ),
                    ["Test the alarm every month", "Write a checklist for the night shift"],
                    source,
                    all_of=True,
                )
        self.ask("unanswerable", "Why was the sauna closed?", [], "")

    def orders(self) -> None:
        rows = [
            (
                f"B{1000 + n}",
                f"2024-{self.chance.randrange(1, 12):02}-{self.chance.randrange(1, 28):02}",
                self.chance.choice(_FIRMS) + " Ltd",
                self.chance.choice(_THINGS),
                str(self.chance.randrange(1, 40)),
                self.pick("open", "paid", "cancelled"),
            )
            for n in range(60)
        ]
        self.files["orders.csv"] = (
            "\n".join(
                ",".join(row) for row in [("order", "date", "customer", "product", "pieces", "state"), *rows]
            )
            + "\n"
        )
        for row in self.chance.sample(rows, 5):
            ask = self.pick("who", "pieces", "state", "when")
            if ask == "who":
                self.ask(
                    "row",
                    self.pick(f"Who placed order {row[0]}?", f"Which customer is {row[0]} for?"),
                    [row[2]],
                    "orders.csv",
                )
            elif ask == "pieces":
                self.ask(
                    "row",
                    self.pick(
                        f"How many pieces were ordered with {row[0]}?",
                        f"How many {row[3]}s are in order {row[0]}?",
                    ),
                    [row[4]],
                    "orders.csv",
                )
            elif ask == "state":
                self.ask(
                    "row",
                    self.pick(f"What is the state of {row[0]}?", f"Is order {row[0]} paid?"),
                    [row[5]],
                    "orders.csv",
                )
            else:
                self.ask("row", f"When was {row[0]} ordered?", [row[1]], "orders.csv")
        self.ask("unanswerable", "What is the state of order B9999?", [], "")

    def settings(self) -> None:
        size, wait, rate = (
            str(self.chance.randrange(5, 80)),
            str(self.chance.randrange(100, 900)),
            f"0.{self.chance.randrange(11, 29)}",
        )
        self.files["limits.py"] = (
            f'"""Limits of the upload page."""\n\nMAX_UPLOAD_MB = {size}\nSESSION_SECONDS = {wait}\n\n\ndef fee(amount: float) -> float:\n    """The fee for cards, {rate} of the amount."""\n    return amount * {rate}\n'
        )
        self.ask("code", "What is the maximum upload size?", [size], "limits.py")
        self.ask("code", "How many seconds does a session last?", [wait], "limits.py")
        self.files["servers.json"] = json.dumps(
            {
                "mail": {"host": "mx1.example.org", "port": 2525},
                "archive": {"host": "store4.example.org", "retention_days": int(wait)},
            },
            indent=1,
        )
        self.ask("code", "What is the port of the mail server?", ["2525"], "servers.json")
        self.ask("code", "How many days does the archive keep files?", [wait], "servers.json")
        self.ask("unanswerable", "What is the password of the archive?", [], "")

    def faults(self) -> None:
        meanings = [
            ("F-101", "The door is open."),
            ("F-207", "The water tank is empty."),
            ("F-318", "The belt has slipped."),
            ("F-442", "The sensor is dirty."),
        ]
        self.files["faults.md"] = (
            "# List of faults\n\n"
            + "\n\n".join(
                f"## {code}\n\n{meaning} {self.pick('Call the service.', 'Press reset.', 'See page 4.')}"
                for code, meaning in meanings
            )
            + "\n"
        )
        for code, meaning in self.chance.sample(meanings, 3):
            self.ask(
                "heading",
                self.pick(
                    f"What does {code} mean?",
                    f"meaning of fault {code}",
                    f"The display shows {code}, what is wrong?",
                ),
                [meaning.rstrip(".")],
                "faults.md",
            )
        self.ask("unanswerable", "What does F-999 mean?", [], "")

    def projects(self) -> None:
        for name in ("Kestrel", "Marlin", "Otter"):
            lead, sponsor, budget, date = (
                self.person(),
                self.person(),
                f"{self.chance.randrange(1, 9)}.{self.chance.randrange(1, 9)} million",
                f"{self.chance.randrange(1, 28)} {self.pick('March', 'May', 'November')} 2025",
            )
            source = f"project-{name.lower()}.md"
            self.files[source] = (
                f"# Project {name}\n\n- Project lead: {lead}\n- Sponsor: {sponsor}\n- Budget: EUR {budget}\n- Start of operation: {date}\n\n## Risks\n\n- The supplier is late\n- Two key people leave in spring\n"
            )
            self.ask(
                "prose",
                self.pick(f"Who leads project {name}?", f"Who is the project lead of {name}?"),
                [lead],
                source,
            )
            self.ask("prose", f"Who sponsors {name}?", [sponsor], source)
            self.ask(
                "prose",
                self.pick(f"What is the budget of {name}?", f"How much money does project {name} have?"),
                [budget],
                source,
            )
            self.ask(
                "prose",
                self.pick(f"When does {name} go into operation?", f"When does {name} start?"),
                [date],
                source,
            )
            self.ask(
                "list",
                f"What are the risks of project {name}?",
                ["The supplier is late", "Two key people leave in spring"],
                source,
                all_of=True,
            )
        self.ask("unanswerable", "Who leads project Walrus?", [], "")
        self.ask("unanswerable", "Who is the architect of Marlin?", [], "")

    def letters(self) -> None:
        for place, what in enumerate(("boilers", "lamps", "windows")):
            sender, date, pieces = (
                self.person(),
                f"{self.chance.randrange(2, 28)} August",
                str(self.chance.randrange(12, 90)),
            )
            source = f"letter-{place}.txt"
            self.files[source] = (
                f"Dear colleagues,\n\nthe {what} will arrive on {date}, not in July as planned. The carrier brings {pieces} of them to the east gate. As an excuse the supplier pays the unloading.\n\nBest wishes\n{sender}\n"
            )
            self.ask(
                "prose",
                self.pick(f"When do the {what} arrive?", f"When will the {what} come?"),
                [date],
                source,
            )
            self.ask("prose", f"How many {what} are delivered?", [pieces], source)
            self.ask("prose", f"Where are the {what} delivered to?", ["east gate"], source)
            self.ask("prose", f"Who pays for unloading the {what}?", ["supplier"], source)

    def places(self) -> None:
        """What is said of some places, things and people, and asked of others, of which something else is said."""
        towns = self.chance.sample(_TOWNS, 6)
        costs = [str(self.chance.randrange(3, 60)) for _ in range(8)]
        years = [str(self.chance.randrange(1950, 2010)) for _ in range(3)]
        people = [self.person() for _ in range(5)]
        things = self.chance.sample(_THINGS, 5)
        self.files["branches.md"] = (
            f"# Our branches\n\n## Parking\n\nParking at {towns[0]} costs EUR {costs[0]} a day or EUR {costs[1]}0 a week; at {towns[1]} it is EUR {costs[2]} a day.\n\n"
            f"## History\n\nThe first hall was built at {towns[1]} in {years[0]}; the one at {towns[2]} came in {years[1]}. In {towns[3]} we have rented a shop since {years[2]}.\n\n"
            f"## People\n\n{people[0]} runs the workshop in {towns[0]}, {people[1]} the one in {towns[2]}. The caretaker of {towns[4]} is {people[2]}. The cook was accompanied by {people[3]}.\n\n"
            f"## Opening\n\nThe shop in {towns[3]} opens at 8:{costs[3].zfill(2)}, that in {towns[4]} half an hour later. {towns[5]} is open on Saturdays too.\n"
        )
        source = "branches.md"
        for question, answers in (
            (f"What does parking cost per day in {towns[0]}?", [f"EUR {costs[0]}"]),
            (f"How much is a day of parking at {towns[1]}?", [f"EUR {costs[2]}"]),
            (f"When was the hall in {towns[1]} built?", [years[0]]),
            (f"When did {towns[2]} get its hall?", [years[1]]),
            (f"Who is in charge of the workshop in {towns[2]}?", [people[1]]),
            (f"Who is the caretaker in {towns[4]}?", [people[2]]),
            (f"At what time does the {towns[3]} shop open?", [f"8:{costs[3].zfill(2)}"]),
        ):
            self.ask("prose", question, answers, source)
        for question in (
            f"What does parking cost per day in {towns[3]}?",
            f"How much is a day of parking at {towns[5]}?",
            f"When was the hall in {towns[4]} built?",
            f"In which year was the {towns[5]} hall built?",
            f"Who runs the workshop in {towns[3]}?",
            f"Who is the caretaker of {towns[1]}?",
            f"Who is the cook in {towns[0]}?",
            f"When does the shop in {towns[2]} open?",
        ):
            self.ask("near miss", question, [], "")
        self.files["expenses.md"] = (
            f"# Expenses\n\n## Hire\n\nWe hire out a {things[0]} for EUR {costs[4]} a day and a {things[1]} for EUR {costs[5]} a day. Nobody hires a {things[2]}.\n\n"
            f"## Service\n\nEvery {things[1]} is serviced in March, every {things[3]} in October. {people[4]} looks after the {things[3]}.\n\n"
            f"## Travel\n\n- Cars: {costs[6]} cents per kilometre\n- Bicycles: {costs[7]} cents per kilometre\n- Trains: second class, first class for more than four hours\n"
        )
        source = "expenses.md"
        for question, answers in (
            (f"What does it cost to hire a {things[1]}?", [f"EUR {costs[5]}"]),
            (f"When is the {things[3]} serviced?", ["October"]),
            ("What do we pay per kilometre for bicycles?", [f"{costs[7]} cents"]),
            ("What is the rate for cars?", [f"{costs[6]} cents"]),
        ):
            self.ask("prose", question, answers, source)
        for question in (
            f"What does it cost to hire a {things[3]}?",
            f"What is the daily hire of the {things[4]}?",
            f"When is the {things[0]} serviced?",
            f"Who looks after the {things[1]}?",
            "What do we pay per kilometre for motorbikes?",
            "What is the rate for taxis?",
        ):
            self.ask("near miss", question, [], "")

    def near_misses(self) -> None:
        """Questions on things that the files know, for what they do not say of them, and on other things."""
        text = " ".join(self.files.values()).lower()
        asked = " ".join(row["question"] for row in self.questions)
        known = sorted(
            {match[0] for match in _SUBJECT.finditer(asked) if match[0].lower() in text} - {"How", "What"}
        )
        absent = [(form, word) for form, word in _ABSENT if word not in text]
        for form, _ in absent * 3:
            self.ask("near miss", form.format(self.pick(*known)), [], "")
        for question, word in _ELSEWHERE:
            if word not in text:
                self.ask("unanswerable", question, [], "")

    def misspell(self) -> None:
        for row in self.chance.sample([row for row in self.questions if row["answers"]], 25):
            wrong = misspelt(row["question"], 0.3, self.chance)
            self.questions.append(
                {**row, "id": f"{row['id']}-typo", "question": wrong, "meta": {**row["meta"], "typo": True}}
            )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def write(folder: Path, seed: int) -> list[Question]:
    """Writes the files into `folder/files` and the questions into `folder/qa.jsonl`; returns the questions."""
    office = Office(seed)
    (folder / "files").mkdir(parents=True, exist_ok=True)
    for name, text in office.files.items():
        (folder / "files" / name).write_text(text, "utf-8")
    lines = [json.dumps(row, ensure_ascii=False) for row in office.questions]
    (folder / "qa.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return office.questions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{len(write(options.out, options.seed))} questions in {options.out}")


if __name__ == "__main__":
    main()
