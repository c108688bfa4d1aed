"""What goes, what stays, and why. Pure: backups, findings, policy, drills and the time in; a plan out. Whole chains only, and in doubt all stays:
a chain goes when its newest backup is older than keepWithin, keepChains newer good chains of its source stay, and the newest of all
passed a full drill. Damage where the proof lies, or anything that cannot be read, refuses the whole plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from haven_a.chains import broken_link, by_id, last_first
from haven_a.examine import Finding
from haven_a.manifest import Manifest, instant
from haven_a.settings import Settings, seconds_of

WEEK = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Leftover:
    """A set of duplicity's without a manifest of Haven's."""

    id: str
    source: str
    #: The objects' full names, and their sizes.
    objects: dict[str, int]
    #: Of the newest object; "" when the store does not say.
    newest_at: str
    #: It is the one that a backup under way writes.
    under_way: bool


@dataclass(frozen=True)
class Question:
    backups: list[Manifest]
    leftovers: list[Leftover]
    findings: list[Finding]
    settings: Settings
    #: Ids of backups that passed a full drill.
    proven: frozenset[str]
    #: Ids of backups under way and of the chains that they build upon; None: nobody knows.
    in_flight: frozenset[str] | None
    now: float


@dataclass(frozen=True)
class Chain:
    id: str
    source: str
    newest_at: str
    #: In the order in which they would be deleted.
    backups: list[Manifest]
    good: bool
    proven: bool


@dataclass(frozen=True)
class Judged:
    chain: Chain
    goes: bool
    reason: str


@dataclass(frozen=True)
class JudgedLeftover:
    leftover: Leftover
    goes: bool
    reason: str


@dataclass(frozen=True)
class Doomed:
    """What goes together: the manifest first, then it is no backup any more; its objects after it."""

    #: None: a set without a manifest.
    chain: str | None
    backup: str
    source: str
    manifest: str | None
    objects: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    chains: list[Judged]
    leftovers: list[JudgedLeftover]
    #: Why nothing at all may go, or ''.
    refusal: str

    def doomed(self) -> list[Doomed]:
        found = []
        for judged in sorted((each for each in self.chains if each.goes), key=lambda each: each.chain.id):
            for manifest in judged.chain.backups:
                folder = manifest.source["id"]
                objects = {f"{folder}/{each.name}": each.bytes for each in manifest.objects}
                found.append(Doomed(judged.chain.id, manifest.backup, folder, f"{folder}/{manifest.name}", objects))
        for each in sorted((each for each in self.leftovers if each.goes), key=lambda each: each.leftover.id):
            found.append(Doomed(None, each.leftover.id, each.leftover.source, None, each.leftover.objects))
        return found


def make_plan(question: Question) -> Plan:
    chains = _chains_of(question)
    by_source: dict[str, list[Chain]] = {}
    for chain in sorted(chains, key=lambda each: (each.newest_at, each.id), reverse=True):
        by_source.setdefault(chain.source, []).append(chain)
    refusal = _refusal(question, by_source)
    judged = [each for newest_first in by_source.values() for each in _judge_source(newest_first, question, refusal)]
    plan = Plan(judged, [_judge_leftover(each, question, refusal) for each in question.leftovers], refusal)
    return _refuse_all(plan, "an object of a backup that stays would be deleted") if _shares_objects(plan) else plan


def digest_of(doomed: Iterable[Doomed]) -> str:
    """A digest that any other choice of objects would not have."""
    digest = hashlib.sha256(b"haven prune a 1\n")
    for each in doomed:
        digest.update(json.dumps([each.chain, each.backup, each.manifest, sorted(each.objects)]).encode("ascii") + b"\n")
    return digest.hexdigest()


def _chains_of(question: Question) -> list[Chain]:
    known = by_id(question.backups)
    damaged = {each.backup for each in question.findings if each.kind != "extra"}
    members: dict[str, list[Manifest]] = {}
    for manifest in question.backups:
        members.setdefault(manifest.chain, []).append(manifest)
    chains = []
    for chain, manifests in members.items():
        newest = max(manifests, key=lambda each: each.set_time)
        good = all(each.backup not in damaged and not broken_link(each, known) for each in manifests)
        proven = any(each.backup in question.proven for each in manifests)
        chains.append(Chain(chain, newest.source["id"], newest.created_at, last_first(manifests), good, proven))
    return chains


def _refusal(question: Question, by_source: dict[str, list[Chain]]) -> str:
    for finding in question.findings:
        if finding.kind in ("unreadable", "rolled-back") or (finding.kind == "extra" and not finding.backup):
            return finding.message
    for source, chains in by_source.items():
        if not chains[0].good:
            return f"the newest chain of {source} is damaged"
    return ""


def _judge_source(newest_first: list[Chain], question: Question, refusal: str) -> list[Judged]:
    good_staying = 0
    judged = []
    for chain in newest_first:
        stays = refusal or _why_it_stays(chain, newest_first[0], good_staying, question)
        if stays:
            good_staying += chain.good
            judged.append(Judged(chain, False, stays))
        else:
            reason = f"older than {question.settings.keep_within}; {good_staying} newer good chains of {chain.source} stay, and the newest passed a full drill"
            judged.append(Judged(chain, True, reason))
    return judged


def _why_it_stays(chain: Chain, newest: Chain, good_staying: int, question: Question) -> str:
    settings = question.settings
    if chain is newest:
        return f"the newest chain of {chain.source}"
    if not question.now - instant(chain.newest_at) > seconds_of(settings.keep_within):
        return f"its newest backup is not older than {settings.keep_within}"
    if good_staying < settings.keep_chains:
        return f"fewer than {settings.keep_chains} newer good chains of {chain.source} stay"
    if not newest.proven:
        return f"the newest chain of {chain.source} has not passed a full drill"
    if question.in_flight is None:
        return "the record of backups under way cannot be read"
    if chain.id in question.in_flight:
        return "a backup under way builds upon it"
    return ""


def _judge_leftover(leftover: Leftover, question: Question, refusal: str) -> JudgedLeftover:
    stays = refusal
    if question.in_flight is None:
        stays = stays or "the record of backups under way cannot be read"
    if leftover.under_way:
        stays = stays or "it is under way"
    if not leftover.newest_at or not question.now - instant(leftover.newest_at) > WEEK:
        stays = stays or "not older than a week"
    return JudgedLeftover(leftover, not stays, stays or "volumes without a manifest, older than a week")


def _shares_objects(plan: Plan) -> bool:
    """Cannot be, unless manifests name each other's objects: then nothing is certain any more."""
    staying = {f"{chain.source}/{each.name}" for judged in plan.chains if not judged.goes for chain in [judged.chain] for manifest in chain.backups for each in manifest.objects}
    staying |= {name for each in plan.leftovers if not each.goes for name in each.leftover.objects}
    return any(name in staying for doomed in plan.doomed() for name in doomed.objects)


def _refuse_all(plan: Plan, refusal: str) -> Plan:
    return Plan(
        [Judged(each.chain, False, refusal) for each in plan.chains],
        [JudgedLeftover(each.leftover, False, refusal) for each in plan.leftovers],
        refusal,
    )
