#!/usr/bin/python3
"""Scores the analyst against briefs with expectations.

Usage: score_briefs.py DUMP BRIEFS.jsonl [--verbose]

DUMP is the program cadre_spec_dump (brief on standard input, model as JSON on standard output).
Entities match by name or by the last word of the name; attributes by name within a matched
entity; relations by both entities; rules by kind and by every number and attribute that the
expectation names. Rules that only repeat what a list says (required, permission grants) are not
counted against precision when the expectations leave them out.
"""
import json
import re
import subprocess
import sys


def words(name):
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[^a-z0-9]+", " ", spaced.lower()).strip()


def same(expected, actual):
    for option in expected.split("|"):
        left, right = words(option), words(actual)
        if left == right or left.split()[-1:] == right.split()[-1:]:
            return True
    return False


def numbers(value):
    return {float(n) for n in re.findall(r"\d+(?:\.\d+)?", json.dumps(value))}


def rule_matches(gold, rule):
    same_kinds = {
        "ownership": {"ownership", "permission"},
        "permission": {"permission", "ownership"},
        "on_delete": {"guard", "on_delete"},
        "guard": {"guard", "on_delete", "transitions", "required_when", "max_count"},
        "transitions": {"transitions", "enum"},
        "cardinality": {"required", "cardinality"},
        "effect": {"effect"},
    }
    if rule["kind"] not in same_kinds.get(gold["kind"], {gold["kind"]}):
        return False
    text = json.dumps(rule).lower()
    if "attr" in gold and gold["kind"] in ("unique", "range", "enum", "derived", "required"):
        field = words(gold["attr"].split(".")[-1]).replace(" ", "_")
        if field not in text and field.replace("_", " ") not in text:
            return False
    for key in ("value", "min", "max"):
        if isinstance(gold.get(key), (int, float)) and float(gold[key]) not in numbers(rule):
            return False
    if "offset" in gold:
        if not numbers(gold["offset"]) <= numbers(rule):
            return False
    if "amount" in gold and not numbers(gold["amount"]) <= numbers(rule):
        return False
    if "actor" in gold and gold["kind"] in ("permission", "ownership"):
        names = [words(part) for part in gold["actor"].split("|")]
        if not any(n in words(rule.get("params", {}).get("actor", "")) for n in names):
            return False
    return True


class Tally:
    def __init__(self):
        self.found = self.gold = self.right = 0

    def add(self, right, gold, found):
        self.right += right
        self.gold += gold
        self.found += found

    def show(self, name):
        precision = self.right / self.found if self.found else 0
        recall = self.right / self.gold if self.gold else 0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
        return f"{name}: P {precision:.2f} R {recall:.2f} F1 {f1:.2f} ({self.right}/{self.gold})"


def main():
    dump, path = sys.argv[1], sys.argv[2]
    verbose = "--verbose" in sys.argv
    tallies = {k: Tally() for k in ("entities", "attributes", "relations", "actors", "rules")}
    verdicts = must_not = total = 0
    for line in open(path, encoding="utf-8"):
        brief = json.loads(line)
        run = subprocess.run([dump], input=brief["text"].encode(), capture_output=True, timeout=20)
        spec = json.loads(run.stdout)
        want = brief["expect"]
        total += 1
        verdict = spec["product"]["verdict"]
        verdicts += verdict == want["verdict"]
        notes = [] if verdict == want["verdict"] else [f"verdict {verdict}, not {want['verdict']}"]
        # Some sets say nothing but the verdict.
        if "entities" in want:
            score_one(spec, want, tallies, notes)
        for name in want.get("must_not", []):
            if any(words(e["id"]) == words(name) for e in spec["entities"]):
                must_not += 1
                notes.append(f"must not: {name}")
        if verbose and notes:
            print(brief["id"], "; ".join(notes))
    for name, tally in tallies.items():
        print(tally.show(name))
    print(f"verdicts: {verdicts}/{total}; forbidden entities: {must_not}")


def score_one(spec, want, tallies, notes):
    entities = [e for e in spec["entities"] if e.get("kind") != "association"]
    ids = [e["id"] for e in spec["entities"]]
    right, matched = 0, {}
    for gold in want["entities"]:
        exact = [i for i in ids if any(words(o) == words(i) for o in gold.split("|"))]
        hit = exact or [i for i in ids if same(gold, i) and i not in matched.values()]
        if hit:
            right += 1
            matched[gold] = hit[0]
        else:
            notes.append(f"no {gold}")
    extra = [e["id"] for e in entities if e["id"] not in matched.values()]
    # People who only act may be entities or not.
    actors = [words(a) for a in want["actors"]]
    extra = [e for e in extra if words(e) not in actors]
    if extra:
        notes.append("extra " + ",".join(extra))
    tallies["entities"].add(right, len(want["entities"]), right + len(extra))
    score_attributes(spec, want, matched, tallies, notes)
    relations = [(r["from"], r["to"]) for r in spec.get("relations", [])]
    gold_relations = [re.match(r"(\S+) \S+ (\S+)", r) for r in want["relations"]]
    pairs = [(m.group(1), m.group(2)) for m in gold_relations if m]
    hits = sum(any((same(a, f) and same(b, t)) or (same(b, f) and same(a, t))
                   for f, t in relations) for a, b in pairs)
    tallies["relations"].add(hits, len(pairs), max(hits, len(pairs)))
    found = [a["name"] for a in spec.get("actors", []) if a["origin"]["kind"] != "assumed"]
    hits = sum(any(same(g, a) for a in found) for g in want["actors"])
    tallies["actors"].add(hits, len(want["actors"]), max(hits, len(found)))
    score_rules(spec, want, tallies, notes)


def score_attributes(spec, want, matched, tallies, notes):
    for gold, attributes in want["entities"].items():
        if gold not in matched:
            tallies["attributes"].add(0, len(attributes), 0)
            continue
        entity = next(e for e in spec["entities"] if e["id"] == matched[gold])
        names = [a["id"] for a in entity["attributes"] if a["origin"]["kind"] == "stated"]
        every = [a["id"] for a in entity["attributes"]]
        every += [r["role"] for r in spec.get("relations", []) if r["from"] == entity["id"]]
        hits = 0
        for attribute in attributes:
            base = words(attribute)
            near = {base, base.replace(" date", " on"), base.replace(" at", " on")}
            if any(words(n) in near for n in every):
                hits += 1
            else:
                notes.append(f"no {gold}.{attribute}")
        extra = [n for n in names if words(n) not in [words(a) for a in attributes]]
        tallies["attributes"].add(hits, len(attributes), hits + len(extra))


def score_rules(spec, want, tallies, notes):
    rules = list(spec["rules"])
    hits, used = 0, set()
    for gold in want["rules"]:
        for i, rule in enumerate(rules):
            if i not in used and rule_matches(gold, rule):
                used.add(i)
                hits += 1
                break
        else:
            notes.append("rule " + gold["kind"] + " " + str(gold.get("attr", gold.get("op", ""))))
    soft = {"permission", "ownership", "required", "default", "enum", "transitions"}
    extra = [r for i, r in enumerate(rules) if i not in used and r["kind"] not in soft]
    if extra:
        notes.append("extra rules " + ", ".join(r["canonical"] for r in extra))
    tallies["rules"].add(hits, len(want["rules"]), hits + len(extra))


if __name__ == "__main__":
    main()
