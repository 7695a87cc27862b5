"""Find where a passage holds a quote word for word, and what its ellipses leave out."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .folding import SeenText, as_seen

_ENDS = " \t\r\n.,;:!?…。，、；：！？'\"’”"
_DOTS = r"(?:\.{3,}|…+|⋯+|\.(?:\s\.){2,3})"
_ELLIPSIS = re.compile(rf"(?:(?<!\s)\s++)?(?:\\?[\[(（［【〔]\s*{_DOTS}\s*\\?[\])）］】〕]|{_DOTS})\s*")
_MOST_SKIPPED = 500
"""Characters that one ellipsis may leave out, whatever they are."""
_MOST_TRIES = 8
"""Places where a quote's beginning is tried, for one whose rest follows closely."""
_SENTENCE_END = re.compile(r"[.!?][\"'”’»)\]]*\s|[。！？]|\n[^\S\n]*\n")
_ENDED = re.compile(r"(?:[.!?][\"'”’»)\]]*\s+|[。！？]\s*|\n\s*\n\s*)\Z")
_NEGATION = re.compile(
    r"(?<![^\W_])(?:not|no|nor|never|none|neither|nobody|nothing|nowhere|without|cannot|hardly|barely|scarcely|rarely|seldom"
    r"|unless|except|excluding|lacks?|fails?|failed|refus\w+|den(?:y|ies|ied)|prohibit\w*|forbid\w*|\w+n['’]t"
    r"|nicht|nichts|kein\w*|nie|niemals|niemand|weder|ohne|außer|kaum|ne|n['’]\w+|pas|jamais|aucun\w*|sans|ni|rien|guère|sauf"
    r"|non|nunca|jamás|ning[úu]n\w*|sin|tampoco|nada|nadie|salvo|não|nem|sem|nenhum\w*|jamais|mai|nessun\w*|niente|senza"
    r"|né|niet|niets|geen|nooit|zonder|inte|ej|icke|aldrig|ingen|inget|inga|intet|utan|ikke|ikkje|aldri|uden|uten"
    r"|nigdy|bez|żad\w+|ani|nikt|nic|ne|není|nejsou|nikdy|žádn\w+|nem|nincs\w*|soha|sem|nélkül|ei|eivät|emme"
    r"|ette|älä|koskaan|ilman|nu|niciodat\w+|fără|niciun\w*|не|нет|ни|никогда|без|нельзя|ничего|никто|немає|ні|ніколи"
    r"|değil\w*|yok\w*|hiç\w*|asla|\w+[sz][ıiuü]z|δεν|μην?|όχι|χωρίς|ποτέ|לא|אין|אינ\w+|בלי|ללא|אל|ليس\w*|لا|لم|لن|غير"
    r"|بدون|نہیں|नहीं|न|मत|बिना|không|chẳng|chưa|đừng|tidak|bukan|tanpa|belum|jangan"
    r"|exclu(?:des?|ded|sion)|stop(?:s|ped)?|far\sfrom|partly|partially|only|false|ceased?|ceases|declin(?:es?|ed)|nur|seulement"
    r"|solo|sólo|somente|apenas|verboten|interdit\w*|prohibid\w*|proibid\w*|vietat\w*|verboden|förbjud\w*|forbud\w*|zabron\w*"
    r"|запрещ\w*|заборон\w*|yasak\w*|tilos|nincs|se(?:m|nki|mmi|hol)|zakázán\w*|zakázan\w*"
    r"|ne(?:sm[íiěúieě]\w*|m[ůoô][hžcz]\w*|lze|jsou|jsme|jsem|jste|jde|ní|bude\w*|byl[aoiy]?|má|mají|máte|musí\w*|platí|patří"
    r"|dovol\w*|umožň\w*|plat\w*|vzniká|vztahuje|zahrnuje|obsahuje|je|mal[iy]?|majú|možno|musia|sú|boli?)"
    r"|nie|nedrīkst\w*|nevar\w*|nav|nebija|nebūs|nekad|negal\w*|nėra|nebuvo|nebus|draudžiam\w*|niekada|aizliegts?"
    r"|ha(?:wa|i|tu|ku|ta|m|u|zi|ya|ki|vi|pa)(?:na|wezi|ruhusi\w*|takiwi|stahili|po|mo|jumuishi|fai|funiki|kuwa|ta\w+)|si\s(?:lazima|ruhusa|halali|sahihi|kweli|kwa|wa|cha|vya|zaidi|tu|kosa|jambo|rahisi|salama)|siyo|sio|hapana|bila"
    r"|\w{2,20}(?:m[ae]z(?:lar|ler|[sd][ıiae]\w*)?|m[ae]d[ıi](?:lar|ler)?|m[ıiuü]yor\w*|[ae]m[ae]z\w*|m[ae]mi[şs]\w*))(?![^\W_])"
    r"|禁止|严禁|嚴禁|禁じ|不准|不可|不得|금지|[不没沒未无無非勿别別莫否禁]|ない|なかった|なく|ません|ずに|않|안\s|못|없|아니|말아|ไม่|มิ|ห้าม",
    re.IGNORECASE,
)
"""Words that turn a sentence round, in many languages: one too many only makes a quote abridged."""


class QuotePlace(NamedTuple):
    """Be where a passage holds a quote."""

    start: int
    is_abridged: bool
    """Whether an ellipsis leaves out more than a sentence, or a word that turns it round."""


def is_negated(text: str) -> bool:
    """Tell a text with a word that turns round what it says."""
    return _NEGATION.search(text) is not None


def views_of(passage: str) -> list[SeenText]:
    """Return how a passage may be read: a hyphen before a space may be a word's own, or that of a line's end."""
    joined = as_seen(passage)
    return [joined, as_seen(passage, joins=False)] if joined.compounds else [joined]


def quote_place(quote: str, passage: str, views: Sequence[SeenText]) -> QuotePlace | None:
    """Return where a passage holds a quote, None where it does not; each part must follow the one before.

    Args:
        quote: Without its quotation marks.
        passage: As it was written.
        views: The passage, folded once for all quotes.
    """
    places = [place for view in views if (place := _place_in(quote, passage, view))]
    return min(places, key=lambda place: place.is_abridged, default=None)


def _place_in(quote: str, passage: str, folded: SeenText) -> QuotePlace | None:
    pieces = _ELLIPSIS.split(quote)
    begins_later = len(pieces) > 1 and not pieces[0].strip(_ENDS)
    ends_earlier = len(pieces) > 1 and not pieces[-1].strip(_ENDS)

    def is_cut(start: int, end: int) -> bool:
        """Tell whether an ellipsis before the quote, or behind it, leaves out what turns its sentence round."""
        return (begins_later and is_negated(_before(passage, start))) or (
            ends_earlier and is_negated(_behind(passage, end))
        )

    start, end = _find_first(_folded(quote, folded), folded.text, 0)
    if start >= 0:
        place = folded.offsets[start]
        return QuotePlace(place, is_abridged=is_cut(place, folded.offsets[end]))
    parts = [part for part in (_folded(piece, folded) for piece in pieces) if part]
    if not parts or len(pieces) < 2:
        return None
    abridged: QuotePlace | None = None
    at = 0
    for _ in range(_MOST_TRIES):
        start, end = _find_first(parts[0], folded.text, at)
        if start < 0:
            break
        skipped: list[tuple[int, int]] = []
        follows = True
        for part in parts[1:]:
            next_start, next_end = _find(part, folded.text, end)
            if next_start < 0:
                follows = False
                break
            skipped.append((folded.offsets[end], folded.offsets[next_start]))
            end = next_end
        if not follows:
            break
        place = folded.offsets[start]
        missing = [passage[slice(*span)] for span in skipped]
        if not any(map(_is_too_much, missing)) and not is_cut(place, folded.offsets[end]):
            return QuotePlace(place, is_abridged=False)
        abridged = abridged or QuotePlace(place, is_abridged=True)
        at = start + 1
    return abridged


def _folded(quote: str, passage: SeenText) -> str:
    return _quote_as_seen(quote.strip(_ENDS), passage.compounds, passage.joins)


@lru_cache(maxsize=16)
def _quote_as_seen(quote: str, compounds: frozenset[str], joins: bool) -> str:
    """Fold a quote once for all passages that break no words."""
    return as_seen(quote, compounds=compounds, joins=joins).text.strip()


def _find_first(part: str, text: str, start: int) -> tuple[int, int]:
    """Find a part whose first letter may be large or small: what begins a sentence there need not do so here."""
    if not part:
        return -1, -1
    letter = 1 if len(part) > 1 and not part[0].isalnum() else 0
    other = part[:letter] + part[letter].swapcase() + part[letter + 1 :]
    spans = [_find(part, text, start)] + ([_find(other, text, start)] if other != part else [])
    return min((span for span in spans if span[0] >= 0), default=(-1, -1))


def _find(part: str, text: str, start: int) -> tuple[int, int]:
    """Find whole words: `5 million` is not what `15 million` says; both have their edges, so one search is enough."""
    return (at := text.find(part, start)), at + len(part)


def _is_too_much(skipped: str) -> bool:
    if len(skipped) > _MOST_SKIPPED or is_negated(skipped):
        return True
    words = skipped.strip(_ENDS)
    parts = len(_SENTENCE_END.findall(words)) + 1
    broken = (not _SENTENCE_END.match(skipped)) + (not _ENDED.search(skipped))
    return parts - broken / 2 > 1


def _before(passage: str, place: int) -> str:
    """Return the words right before a place, within its sentence."""
    words = passage[max(0, place - 60) : place]
    ends = [match.end() for match in _SENTENCE_END.finditer(words)]
    return words[ends[-1] if ends else 0 :]


def _behind(passage: str, place: int) -> str:
    """Return the words right behind a place, within its sentence."""
    words = passage[place : place + 60]
    end = _SENTENCE_END.search(words)
    return words[: end.start()] if end else words
