"""One function a table: a row's place and 32 bytes of chance in, the row as export JSON out.

Rows are text from the start, in Convex's own order of keys, because a million dictionaries made
only to be serialised would be most of the cost of seeding. Which tables there are, and how many
rows they get, is `seed.py`'s to say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from sandbox import seed_words as words
from sandbox.seed_ids import Ids

FIRST_DAY_MS = 1_735_689_600_000  # 2025-01-01 UTC
_LAST_DAY_MS = 1_780_000_000_000  # 2026-05-28 UTC


@dataclass(frozen=True)
class Cast:
    """What rows of one component may name: the ids of other tables, by place."""

    ids: dict[str, Ids]
    counts: dict[str, int]
    rich: bool

    @cached_property
    def organizations(self) -> list[str]:
        return [self.ids["organizations"].at(i) for i in range(self.counts["organizations"])]

    @cached_property
    def users(self) -> list[str]:
        return [self.ids["users"].at(i) for i in range(self.counts["users"])]

    def parent(self, child: str, parent: str, place: int) -> str:
        """The id of the parent of the child's row: the same share of the way through its table."""
        here = place * self.counts[parent] // self.counts[child] if self.counts[child] else 0
        return self.ids[parent].at(here)


def created(place: int, count: int) -> float:
    """When the row was made, in ms: rising with the place, to a quarter of a millisecond."""
    return (
        FIRST_DAY_MS
        + (_LAST_DAY_MS - FIRST_DAY_MS) * (place + 1) // (count + 1)
        + 0.25 * (place % 4)
    )


RowText = Callable[[Cast, str, int, bytes], str]


def organization(cast: Cast, head: str, place: int, chance: bytes) -> str:
    name = words.AGENCIES[place % len(words.AGENCIES)]
    parent = "null" if place == 0 else f'"{cast.organizations[(place - 1) // 4]}"'
    return (
        f'{{{head},"active":{"false" if chance[0] < 20 else "true"},'
        f'"address":{{"city":"Sleman","geo":{{"lat":{-7.7 - chance[1] / 512},'
        f'"lng":{110.25 + chance[2] / 512}}},"postcode":"55{chance[3]:03}"}},'
        f'"code":"1.{place % 9 + 1:02}.{place:04}","name":{name},"parentId":{parent},'
        f'"tags":["skpd","blud"]}}'
    )


def user(cast: Cast, head: str, place: int, chance: bytes) -> str:
    works_for = cast.organizations[int.from_bytes(chance[:3], "big") % len(cast.organizations)]
    # Hex digits are base64 too: six bytes of them stand for nine others.
    token = f'{{"$bytes":"{chance[8:14].hex()}"}}' if chance[1] < 40 else "null"
    return (
        f'{{{head},"avatarHash":{token},"email":"pegawai{place}@sleman.example",'
        f'"lastSeenAt":{created(place, cast.counts["users"]) + 86_400_000},'
        f'"name":{words.PEOPLE[chance[2] % len(words.PEOPLE)]},'
        f'"nip":"19{chance[3] % 50 + 50}{chance[4] % 12 + 1:02}{place:010}",'
        f'"organizationId":"{works_for}",'
        f'"roles":[{words.ROLES[chance[5] % 5]},{words.ROLES[chance[6] % 5]}],'
        f'"settings":{{"fontScale":{1 + chance[7] / 256},"theme":"terang"}}}}'
    )


def budget(cast: Cast, head: str, place: int, chance: bytes) -> str:
    allocated = int.from_bytes(chance[:5], "big") + 50_000_000
    return (
        f'{{{head},"account":"5.1.02.{chance[6] % 90:02}.{place:06}","allocated":{allocated},'
        f'"organizationId":"{cast.organizations[place % len(cast.organizations)]}",'
        f'"quarters":[{allocated // 4},{allocated // 4},{allocated // 4},'
        f'{allocated - 3 * (allocated // 4)}],"realisation":{chance[7] / 255},'
        f'"year":{2025 + place % 2}}}'
    )


def npd(cast: Cast, head: str, place: int, chance: bytes) -> str:
    amounts = [int.from_bytes(chance[i : i + 3], "big") + 100_000 for i in (0, 3, 6, 9)]
    lines = ",".join(
        f'{{"account":"5.1.02.01.01.{chance[12 + i]:04}","amount":{amount},"description":'
        f'{words.ITEMS[(chance[i] + i) % len(words.ITEMS)]},"quantity":{chance[16 + i] % 40 / 4}}}'
        for i, amount in enumerate(amounts[: 4 if cast.rich else 1])
    )
    at = created(place, cast.counts["npd"])
    users = cast.users
    # Whole small databases are read by people; a million rows are only counted.
    story = ""
    if cast.rich:
        told = [words.PARAGRAPHS[(chance[29] + i) % len(words.PARAGRAPHS)] for i in range(2)]
        story = f'"narrative":[{",".join(told)}],'
    asker, checker = users[chance[20] * 251 % len(users)], users[chance[21] * 241 % len(users)]
    return (
        f'{{{head},"activity":{{"code":"1.01.{chance[22] % 30:02}.2.{chance[23] % 9}",'
        f'"name":{words.ACTIVITIES[chance[24] % len(words.ACTIVITIES)]}}},'
        f'"amount":{sum(amounts)},"approvals":[{{"at":{at + 7_200_000.5},"by":"{checker}",'
        f'"note":{words.NOTES[chance[25] % len(words.NOTES)]},"role":"ppk"}}],'
        f'"items":[{lines}],{story}"number":"NPD/{place + 1:07}/2026",'
        f'"organizationId":"{cast.organizations[chance[26] % len(cast.organizations)]}",'
        f'"requestedBy":"{asker}","status":{words.STATUSES[chance[27] % 6]},'
        f'"taxRate":0.11,"urgent":{"true" if chance[28] < 30 else "false"},"year":2026}}'
    )


def sp2d(cast: Cast, head: str, place: int, chance: bytes) -> str:
    gross = int.from_bytes(chance[:4], "big") + 1_000_000
    tax = gross * 11 // 100
    return (
        f'{{{head},"bank":{{"account":"{int.from_bytes(chance[4:9], "big"):013}",'
        f'"holder":{words.PEOPLE[chance[9] % len(words.PEOPLE)]},'
        f'"name":{words.BANKS[chance[10] % len(words.BANKS)]}}},'
        f'"deductions":[{{"amount":{tax},"kind":"PPN"}},'
        f'{{"amount":{gross // 50},"kind":"PPh 22"}}],'
        f'"gross":{gross},"issuedAt":{created(place, cast.counts["sp2d"]) + 3_600_000},'
        f'"net":{gross - tax - gross // 50},"npdId":"{cast.parent("sp2d", "npd", place)}",'
        f'"number":"SP2D/{place + 1:07}/LS/2026","printed":{"true" if chance[11] & 1 else "false"},'
        f'"signature":{{"$bytes":"{chance[16:31].hex()}{chance[12:13].hex()}"}}}}'
    )


def audit_log(cast: Cast, head: str, place: int, chance: bytes) -> str:
    table = "sp2d" if chance[0] & 1 else "npd"
    entity = cast.parent("auditLogs", table, place)
    status = words.STATUSES
    before, after = status[chance[1] % 6], status[chance[2] % 6]
    changes = (
        f'"after":{{"amount":{int.from_bytes(chance[3:7], "big")},"revision":{chance[7]}.0,'
        f'"status":{after}}},"before":{{"amount":{int.from_bytes(chance[4:8], "big")},'
        f'"revision":{chance[7] - 1}.0,"status":{before}}},"context":{{"agent":'
        f'{words.AGENTS[chance[8] % len(words.AGENTS)]},"ip":"10.{chance[9]}.{chance[10]}.7",'
        f'"requestId":"{chance[11:27].hex()}"}},"diff":[{_diff(chance)}],'
        if cast.rich
        else f'"after":{after},"before":{before},'
    )
    return (
        f'{{{head},"action":{words.ACTIONS[chance[28] % len(words.ACTIONS)]},'
        f'"actor":"{cast.users[chance[29] * 257 % len(cast.users)]}",{changes}'
        f'"entity":{{"id":"{entity}","table":"{table}"}},'
        f'"note":{words.NOTES[chance[30] % len(words.NOTES)]}}}'
    )


def _diff(chance: bytes) -> str:
    return ",".join(
        f'{{"from":{words.ITEMS[chance[i] % len(words.ITEMS)]},"path":"items.{i}.description",'
        f'"to":{words.ITEMS[chance[i + 3] % len(words.ITEMS)]}}}'
        for i in range(3)
    )


def attachment(cast: Cast, head: str, place: int, chance: bytes) -> str:
    return (
        f'{{{head},"fileName":"npd-{place + 1:05}.pdf",'
        f'"npdId":"{cast.parent("attachments", "npd", place)}","pages":1,'
        f'"storageId":"{cast.ids["_storage"].at(place)}",'
        f'"uploadedBy":"{cast.users[chance[0] % len(cast.users)]}"}}'
    )


# What goes wrong first in a careless copy: the ends of int64, the floats JSON has no word for,
# zero with a sign, bytes, and a number that is a float although it looks whole.
_ODD_VALUES = (
    ("fiscalYear", "2026"),
    ("int64Max", "9223372036854775807"),
    ("int64Min", "-9223372036854775808"),
    ("negativeZero", "-0.0"),
    ("notANumber", '{"$float":"AAAAAAAA+H8="}'),
    ("noCeiling", '{"$float":"AAAAAAAA8H8="}'),
    ("noFloor", '{"$float":"AAAAAAAA8P8="}'),
    ("tiny", "5e-324"),
    ("wholeFloat", "5.0"),
    ("seal", '{"$bytes":"AAECAwT//v0="}'),
    ("emptySeal", '{"$bytes":""}'),
    ("nothing", "null"),
    ("mixed", '[1,1.0,[],{},[[{"$bytes":"AA=="}]],"1",true]'),
)
ODD_VALUES = len(_ODD_VALUES)


def setting(cast: Cast, head: str, place: int, chance: bytes) -> str:
    name, value = _ODD_VALUES[place % ODD_VALUES]
    return f'{{{head},"name":"{name}","value":{value}}}'


def waiting(cast: Cast, head: str, place: int, chance: bytes) -> str:
    return (
        f'{{{head},"email":"calon{place}@sleman.example","invited":'
        f'{"true" if chance[0] < 128 else "false"},"position":{place + 1},'
        f'"score":{chance[1] / 4}}}'
    )


def counter(cast: Cast, head: str, place: int, chance: bytes) -> str:
    return f'{{{head},"count":{int.from_bytes(chance[:2], "big")},"name":"shard-{place}"}}'
