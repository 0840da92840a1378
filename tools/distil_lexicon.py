#!/usr/bin/python3
"""Distils WordNet 3.0 (Debian package wordnet-base) into src/offline/language/lexicon/wordnet.txt.

Kept: every one-word lemma that occurs in WordNet's tagged corpus or three times in its glosses,
and every verb. One line a word, sorted by bytes, `word<TAB>fields`, fields separated by a blank:

  nCW   noun: C the letter of the lexicographer file of the dominant sense (a = noun.Tops,
        b = noun.act, ... p = noun.person, ... z = noun.time), W the weight
  P     a person in one of its important senses
  vW aW rW   verb, adjective, adverb with weight
  =lemma:K   an irregular form; K is v (verb form), s (plural noun), c (comparative or superlative)

W is 0..9: the bit length of the count in the tagged corpus. Same input, same bytes.

rare.txt beside it has the other words of WordNet that are one edit away from a common one: they are
no misspellings ("locater", "corer").

    tools/distil_lexicon.py [--wordnet DIR] [--out DIR]
"""
import argparse
import collections
import hashlib
import pathlib
import re
import string

WORD = re.compile(r"^[a-z]+(-[a-z]+)*$")
GLOSS_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
GLOSS_MIN = 3
PERSON = 18


def weight(count):
    return min(9, count.bit_length())


def letter(lex_file):
    return chr(ord("a") + lex_file - 3)


def read_counts(root):
    """(part of speech, lemma) -> {lexicographer file: count}."""
    kinds = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
    counts = collections.defaultdict(lambda: collections.Counter())
    for line in (root / "cntlist.rev").read_text().splitlines():
        key, _, count = line.split()
        lemma, rest = key.split("%")
        fields = rest.split(":")
        if WORD.match(lemma):
            counts[kinds[fields[0]], lemma][int(fields[1])] += int(count)
    return counts


def read_index(root, name):
    """lemma -> offsets of its senses, the most frequent first."""
    index = {}
    for line in (root / ("index." + name)).read_text().splitlines():
        if line.startswith(" "):
            continue
        fields = line.split()
        if WORD.match(fields[0]):
            index[fields[0]] = fields[-int(fields[2]):]
    return index


def read_noun_files(root):
    return {line[:8]: int(line[9:11])
            for line in (root / "data.noun").read_text().splitlines() if not line.startswith(" ")}


def read_glosses(root):
    """How often each word form occurs in the definitions and examples."""
    counts = collections.Counter()
    for name in ("noun", "verb", "adj", "adv"):
        for line in (root / ("data." + name)).read_text().splitlines():
            if not line.startswith(" "):
                counts.update(GLOSS_WORD.findall(line.split("| ", 1)[1].lower()))
    return counts


def noun_field(lemma, senses, files, counts):
    by_file = counts.get(("n", lemma), {})
    first = files[senses[0]]
    total = sum(by_file.values())
    dominant = max(by_file, key=lambda f: (by_file[f], f == first, -f)) if total else first
    field = "n%s%d" % (letter(dominant), weight(total))
    person = by_file.get(PERSON, 0) * 4 >= max(total, 1) if total else False
    if dominant != PERSON and (person or first == PERSON):
        field += " P"
    return field


def build(root):
    counts = read_counts(root)
    indexes = {k: read_index(root, n)
               for k, n in (("n", "noun"), ("v", "verb"), ("a", "adj"), ("r", "adv"))}
    files = read_noun_files(root)
    glosses = read_glosses(root)
    kept = {lemma for (_, lemma), _ in counts.items()} | set(indexes["v"])
    kept |= {lemma for index in indexes.values() for lemma in index
             if glosses[lemma] + glosses[lemma + "s"] >= GLOSS_MIN}
    lines = {}
    for lemma in kept:
        fields = []
        for kind in "nvar":
            senses = indexes[kind].get(lemma)
            if not senses:
                continue
            if kind == "n":
                fields.append(noun_field(lemma, senses, files, counts))
            else:
                fields.append("%s%d" % (kind, weight(sum(counts.get((kind, lemma), {}).values()))))
        if fields:
            lines[lemma] = fields
    lemmas = set(lines)
    for kind, name, code in (("v", "verb", "v"), ("n", "noun", "s"), ("a", "adj", "c")):
        for line in (root / (name + ".exc")).read_text().splitlines():
            form, *targets = line.split()
            for lemma in targets:
                known = lemma in lemmas and lemma in indexes[kind]
                if known and WORD.match(form) and form != lemma:
                    lines.setdefault(form, []).append("=%s:%s" % (lemma, code))
    return "".join("%s\t%s\n" % (word, " ".join(lines[word])) for word in sorted(lines))


def edits(word):
    """Every string one edit away that keeps the first letter."""
    letters = string.ascii_lowercase
    for i in range(1, len(word)):
        yield word[:i] + word[i + 1:]
        if i + 1 < len(word):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2:]
        for letter in letters:
            yield word[:i] + letter + word[i + 1:]
    for i in range(1, len(word) + 1):
        for letter in letters:
            yield word[:i] + letter + word[i:]


def build_rare(root, body):
    """The words which a spelling check must not touch."""
    kept, common = set(), set()
    for line in body.splitlines():
        word, fields = line.split("\t")
        kept.add(word)
        if len(word) >= 4 and any(f[-1].isdigit() and int(f[-1]) >= 4 for f in fields.split()):
            common.add(word)
    words = set().union(*(read_index(root, name) for name in ("noun", "verb", "adj", "adv")))
    rare = sorted(w for w in words - kept
                  if len(w) >= 4 and "-" not in w and any(e in common for e in edits(w)))
    return "".join("%s\t.\n" % word for word in rare)


def write(path, body):
    path.write_text(
        "# Distilled from WordNet 3.0 by tools/distil_lexicon.py; licence: LICENSE-wordnet.txt\n"
        "# sha256 of the lines below: %s\n" % hashlib.sha256(body.encode()).hexdigest() + body)


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wordnet", type=pathlib.Path, default=pathlib.Path("/usr/share/wordnet"))
    parser.add_argument("--out", type=pathlib.Path, help="the folder of the two lists",
                        default=here / "src/offline/language/lexicon")
    options = parser.parse_args()
    body = build(options.wordnet)
    write(options.out / "wordnet.txt", body)
    write(options.out / "rare.txt", build_rare(options.wordnet, body))


if __name__ == "__main__":
    main()
