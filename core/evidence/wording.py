"""Tell from the words beside an id whether it is a passage's."""

import re
from collections.abc import Iterable

from .bracketed import BRACKETS, ID, Marker

SIGNS = "\\s\ue202,;:&+/|·•、，；：。.\\-–—−‐‑‒―~〜～…*_^\\\\\"'“”‘’„«»<>#†‡@=→$?!！？`" + re.escape(BRACKETS)
LEAD_IN = re.compile(
    rf"[{SIGNS}]*(?:(?:sources?|see|also|cf|cp|evidence|passages?|refs?|references?|citations?|cited?|filecite|citing|in"
    r"|from|per|via|according|to|by|on|as|eg|e\.g|i\.e|documents?|docs?|excerpts?|snippets?|chunks?|ids?|notes?|footnotes?"
    r"|quot(?:e[ds]?|ing|ation)|based|compare|both|all|siehe|s|vgl|quellen?|belege?|laut|auch|nach|dokumente?|abschnitt"
    r"|voir|d'après|selon|références?|preuves?|fuentes?|véase|ver|según|referencias?|fontes?|segundo|fonti|vedi|cfr"
    r"|secondo|bron|bronnen|zie|volgens|källa|källor|se|kilde|kilder|ifølge|enligt|źród(?:ło|ła)|zob|patrz|zdroje?|viz"
    r"|srov|источники?|источнике|см|ср|согласно|по|джерел[оа]|див|kaynak|kaynaklar|bkz|bakınız|lähde|lähteet|ks|katso"
    r"|forrás|források|lásd|ld|sursa|surse|vezi|πηγή|πηγές|βλ|βλέπε|מקור|מקורות|ראה|ראו|المصدر|المصادر|انظر|راجع"
    r"|nguồn|xem|sumber|lihat|来源|來源|参见|參見|参看|见|見|引用|证据|證據|参考|參考|依据|根据|出处|出處|出典|参照|資料"
    r"|出典元|根拠|출처|참고|참조|근거|स्रोत|देखें|ที่มา|แหล่งที่มา|ดู|\d{1,3}(?::\d{1,3})?†)"
    rf"(?:[{SIGNS}]+|(?=[^\x00-\x7f])|\Z)){{1,5}}",
    re.IGNORECASE,
)
WORDS_BEFORE = re.compile(rf"[^\W\d_][^\n,;=()\[\]{{}}]{{0,40}}?(?:[\s:]|[^\x00-\x7f]){ID}")
"""Words between a bracket and an id, as no call has them."""
_CITES = re.compile(
    r"(?<![^\W_])(?:see|seen|cf|sources?|passages?|evidence|excerpts?|snippets?|documents?|refs?|references?|per|via|from"
    r"|according|as|cited?|citing|citations?|quot\w+|stat(?:e[sd]?|ing)|sa(?:id|ys?)|show[ns]?|support(?:s|ed|ing)?"
    r"|describ\w+|not(?:e[ds]|ing)|report(?:s|ed)|confirm(?:s|ed)|mention(?:s|ed)|given|found|explain\w*|based|listed|specified"
    r"|indicated|provided|defined|outlined|documented|detailed|discussed|laut|siehe|vgl|gemäß|nach|quellen?|beleg\w*"
    r"|selon|voir|d'après|según|véase|ver|fuentes?|segundo|conforme|fontes?|fonti|secondo|vedi|volgens|zie|bronn?e?n?"
    r"|enligt|ifølge|källa|kilde|według|zob|źródł\w*|podle|viz|zdroj\w*|согласно|см|источник\w*|згідно|див|göre|bkz|kaynak"
    r"|theo|xem|nguồn|menurut|lihat|sumber)(?![^\W_])"
    r"|[根依据據见見源证證参參出照]|によ|출처|참[고조]|근거|स्रोत|देखें|ที่มา|ดู|المصدر|انظر|מקור|ראה",
    re.IGNORECASE,
)
"""Words that say where something is from."""
_ERROR = re.compile(
    r"(?<![^\W_])(?:errors?|status|codes?|http|exceptions?|faults?|alarms?|warnings?|fehler(?:codes?)?|erreurs?|códigos?"
    r"|errores|erros?|errori?|codici|codice|ошибк\w*|код\w*|błęd\w*|błąd|kody?|hata|kodu)\W{0,4}\Z|(?:错误|錯誤|代码|代碼|エラー|コード|오류|코드)\W{0,4}\Z",
    re.IGNORECASE,
)


def names_a_source(words: str) -> bool:
    """Tell words before an id that say where something is from."""
    return _CITES.search(words) is not None


def is_error_number(text: str, marker: Marker, ids: Iterable[str]) -> bool:
    """Tell the number of an error, which is far above those of the passages, and stands behind a word for it.

    Args:
        text: The answer.
        marker: What may be one in it.
        ids: Of the passages.
    """
    highest = max((int(id_[1:]) for id_ in ids), default=0)
    number = min(int(mention.id[1:10]) for mention in marker.mentions)
    return number >= max(100, 10 * highest) and bool(_ERROR.search(text[max(0, marker.start - 24) : marker.start]))
