"""What an answer repeats of our own prompts: small models copy a tag, or a sentence of their instructions.

Such an answer is not one. Tags are told by their nonce, which nobody but us writes, and sentences by their words. Only
what stands in the prompt that was answered counts.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from ..core.text import CUT_TO_FIT
from .fence import TAG
from .history import IN_WORDS
from .template import bundled

_WORDS = 6
"""Words from which a sentence is ours for certain: shorter ones, as "You are a helpful assistant.", are everybody's."""
_ENDS = re.compile(r"(?<=[.:;?!])\s|\n\s*\n|\n- ")
_NONCE_LENGTH = 12
_NONCE = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")
_VARIABLE = re.compile(r"\$\w+")


def echo_in(answer: str, prompt: Iterable[str], given: Iterable[str]) -> str | None:
    """Return what an answer repeats of our words in its prompt; None where it repeats nothing.

    What the user, or a document, said in the same words may be said again.

    Args:
        answer: A model's answer.
        prompt: All texts of the prompt that it answers.
        given: The texts in it that are not ours.
    """
    words = _words(answer)
    sentences = list(_sentences_within(words))
    nonces = {nonce for word in words if len(word) >= _NONCE_LENGTH for nonce in _NONCE.findall(word)}
    if not sentences and not nonces:  # as with nearly all: the prompt, which is longer, is not read
        return None
    ours, theirs = _folded("\n".join(prompt)), [_folded(text) for text in given]
    # There may be as many nonces as a text has room for: each is looked up, and none is searched for.
    nonces.difference_update(nonce for text in theirs for nonce in _NONCE.findall(text))
    nonce = next((tag[1] for tag in TAG.finditer(ours) if tag[1] in nonces), None)
    echoes = (sentence for sentence in sentences if sentence in ours and not any(sentence in text for text in theirs))
    return nonce or next(echoes, None)


def load_bundled() -> None:
    """Read all bundled prompts when a graph is built, because reading a file in a run would block its event loop."""
    _sentences()


@cache
def _sentences() -> Mapping[tuple[str, ...], Sequence[str]]:
    """Read the sentences of all bundled prompts, once, by what is whole words of theirs wherever they stand."""
    names = sorted(file.stem for file in Path(__file__).parent.glob("*.md"))
    texts = [*(bundled(name).text for name in names), IN_WORDS]
    sentences = defaultdict(list)
    for sentence in dict.fromkeys(words for text in texts for words in _sentences_in(text)):
        sentences[tuple(sentence.split()[1:4])].append(sentence)
    return sentences


def _sentences_within(words: Sequence[str]) -> Iterator[str]:
    """Yield our sentences that stand in an answer; most answers hold not three words of any in a row."""
    ours, answer = _sentences(), " ".join(words)
    if (shortened := _folded(CUT_TO_FIT)) in answer:
        yield shortened
    if not ours.keys().isdisjoint(zip(words, words[1:], words[2:], strict=False)):
        yield from (sentence for sentences in ours.values() for sentence in sentences if sentence in answer)


def _sentences_in(text: str) -> Iterator[str]:
    for sentence in _ENDS.split(text):
        for part in _VARIABLE.split(sentence):
            words = _folded(part).strip("-.,:; ")
            if len(words.split()) >= _WORDS:
                yield words


def _words(text: str) -> list[str]:
    return text.replace("‹", "<").casefold().split()


def _folded(text: str) -> str:
    return " ".join(_words(text))
