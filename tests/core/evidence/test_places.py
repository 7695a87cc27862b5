"""A quote is looked for word for word as readers see it, and its ellipses are held to what they leave out."""

import unicodedata

from langgraph_moa.core.evidence.places import is_negated, quote_place, views_of
from tables import each

LEASE = (
    "Under clause 9, the landlord is not permitted to terminate this lease during the fixed term. The lessee may "
    "sublet. He pays. All is well."
)


def apart(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def place(passage: str, quote: str) -> str:
    found = quote_place(quote, passage, views_of(passage))
    return "lost" if found is None else "abridged" if found.is_abridged else "there"


THERE = [
    ("The amyloid ﬁbrils are ﬂexible.", "The amyloid fibrils are flexible"),
    ("The amyloid fibrils are here.", "The amyloid ﬁbrils are here"),
    ("The notifi-\ncation period is three months.", "The notification period is three months"),
    ("The notifi- cation period is three months.", "The notification period is three months"),
    ("The notifi\u00ad\ncation period", "notification period"),
    ("The noti\u00adfication period", "notification period"),
    ("The notification period", "The noti\u00adfication period"),
    ("a well-\nknown fact and a well-known fact", "a well-known fact and a well-known fact"),
    ("a well-\nknown fact", "a wellknown fact"),
    ("pre- and post-war years", "and post-war years"),
    (apart("Der é-\nlan der Räu-\nmung"), "Der élan der Räumung"),
    ("Type A- primed with water", "primed with water"),
    ("Type A- primed with water", "Type A- primed with water"),
    (apart("Die Kündigungsfrist beträgt drei Monate."), "Die Kündigungsfrist beträgt drei Monate."),
    ("Die Kündigungsfrist beträgt drei Monate.", apart("Die Kündigungsfrist beträgt drei Monate.")),
    ("한국어 보증기간은 이년", apart("한국어 보증기간은 이년")),
    (apart("한국어 보증기간은 이년"), "한국어 보증기간은 이년"),
    ("ｶﾞｽの料金は二倍", "ガスの料金は二倍"),
    ("Der Preis beträgt １２ Euro.", "Der Preis beträgt 12 Euro."),
    ("ｗｉｄｅ　ｔｅｘｔ here", "wide text here"),
    ("The limit is **5 MB** per `file`.", "The limit is 5 MB per file"),
    ("The limit is 5 MB per file.", "The limit is **5 MB** per `file`"),
    ("It is _not_ this ~~one~~.", "It is not this one"),
    ("see [the docs](http://x/y) for more", "see the docs for more"),
    ("## Title\n- first item\n- second item", "Title first item second item"),
    ("a\\*b and \\[c\\]", "a*b and [c]"),
    ("zero\u200bwidth and no\u00a0break", "zerowidth and no break"),
    ("naïve “quoted” – dash", 'naïve "quoted" - dash'),
    ("isn’t it so", "isn't it so"),
    ("H₂O is water here", "H2O is water here"),
    ("1½ cups of milk", "1 1/2 cups of milk"),
    ("It is 10² metres", "It is 10² metres"),
    ("It is −5 degrees", "It is -5 degrees"),
    ("[T]he pump is old", "The pump is old"),
    ("The pump is old", "[t]he pump is old"),
    ("wait... what is it", "wait... what is it"),
    ("हिंदी में लिखा है", "हिंदी में लिखा है"),
    (LEASE, "The lessee ... sublet"),
    (LEASE, "fixed term ... He pays"),
    (LEASE, "… All is well"),
    (LEASE, "The lessee may sublet …"),
    ("The pump runs. It is not old.", "The pump runs ..."),
    (LEASE, "the landlord is not permitted … this lease"),
    ("房东可以在租期内终止合同。", "房东……终止合同"),
    ("a b. " * 20 + "the cat is black; the cat sat here", "the cat ... sat here"),
]
ABRIDGED = [
    (LEASE, "Under clause 9 [. . .]"),
    (LEASE, "the landlord is ... permitted to terminate this lease"),
    (LEASE, "the landlord is […] permitted to terminate this lease"),
    (LEASE, "the landlord is [...] permitted to terminate this lease"),
    (LEASE, "the landlord is (...) permitted to terminate this lease"),
    (LEASE, "the landlord is . . . permitted to terminate this lease"),
    (LEASE, "fixed term ... All is well"),
    (LEASE, "... permitted to terminate this lease"),
    ("The pump is old. " + "It is red. " * 60 + "The lamp is new.", "The pump is old ... The lamp is new"),
    ("The pump" + " is red," * 100 + " and old", "The pump ... and old"),
    ("房东不得在租期内终止合同。", "房东……终止合同"),
    ("Der Mieter darf nicht kündigen, sagt er", "Der Mieter darf ... kündigen"),
    ("Le bail ne peut pas être résilié ici", "Le bail ... être résilié ici"),
    ("El inquilino no puede salir hoy", "El inquilino ... puede salir hoy"),
    ("Жилец не может выехать сегодня", "Жилец ... может выехать сегодня"),
    ("You can't leave before noon", "You ... leave before noon"),
    ("借主は解約できない場合がある、と書く", "借主は…場合がある"),
    ("借主は契約を解約することができない。次", "借主は契約を解約することが…"),
    ("Der Vermieter kündigt den Vertrag nicht. Er zahlt.", "Der Vermieter kündigt den Vertrag ..."),
    ("Kiracı sözleşmeyi feshedemez. O öder.", "Kiracı sözleşmeyi [...]"),
    ("The big pump may run, unless it is old.", "The ... pump may run, …"),
]
LOST = [
    ("It is 10² metres", "It is 102 metres"),
    ("1½ cups of milk", "11/2 cups of milk"),
    ("It costs 1.5 million euros", "5 million euros"),
    ("It costs 1,500 euros", "500 euros"),
    ("It is -5 degrees", "It is 5 degrees"),
    ("It is -5 degrees", "5 degrees"),
    ("2*3 is six ok", "23 is six ok"),
    ("2**3 is eight", "23 is eight"),
    ("the resumé of it", "the resume of it"),
    (apart("the café is open"), "the cafe is open"),
    (apart("これが本物"), "これか本物"),
    ("snake_case_name works", "snakecasename works"),
    ("the landlord is not permitted", "the landlord is permitted"),
    ("हिंदी में लिखा है", "हिंद"),
    ("отключить насос", "ключить насос"),
    (LEASE, "He pays ... The lessee"),
    (LEASE, "... ... ..."),
    (LEASE, ""),
]


@each(
    ("passage", "quote", "expected"),
    [(*row, word) for word, rows in (("there", THERE), ("abridged", ABRIDGED), ("lost", LOST)) for row in rows],
)
def test_what_a_passage_holds(passage: str, quote: str, expected: str) -> None:
    assert place(passage, quote) == expected


PASSAGE = "It's the “old”  valve – not the new one – that leaks; 15 million saw it.\nポンプ が 動く。"


@each(
    ("quote", "begins"),
    [
        ("It's the 'old' valve", "It's"),
        ('it’s the "old" valve', "It's"),
        ("valve - not the new one - that leaks.", "valve"),
        ("not the new … leaks", "not"),
        ("old [...] saw it", "old"),
        ("ポンプが動く", "ポンプ"),
        ("15 million", "15"),
        ("5 million", None),
        ("leaks … the old", None),
        ("the new valve", None),
        ("It's the old valve", None),
    ],
)
def test_where_a_quote_stands(quote: str, begins: str | None) -> None:
    found = quote_place(quote, PASSAGE, views_of(PASSAGE))

    assert (None if found is None else PASSAGE[found.start :].startswith(begins or "?")) == (True if begins else None)


NEGATIONS = [
    "禁止吸烟", "严禁入内", "不准", "不可", "勿", "別", "nesmí kouřit", "oni nesmějí", "nesmíte", "nemohou",
    "nemůže", "nesmú", "nemôže", "není", "nejsou", "nedrīkst", "nevar", "nav", "negali", "nėra",
    "hawana", "hairuhusiwi", "hawawezi", "si lazima", "nem szabad", "tilos", "doğru değil",
    "olamaz", "yapmaz", "gelmedi", "vermiyor", "excludes it", "it stopped", "far from", "partly",
    "only", "false", "unless", "except", "hardly", "barely", "rarely", "ceased", "denied",
    "refuses",
]  # fmt: skip


@each("text", NEGATIONS)
def test_negations_of_many_languages(text: str) -> None:
    assert is_negated(text)


def test_words_that_turn_a_sentence_round() -> None:
    assert all(map(is_negated, ["is not", "n'est pas", "kein Haus", "不可以", "cannot", "won’t"]))
    assert not any(
        map(is_negated, ["a notion", "knot", "important payment", "Nichte", "the tenant", "si trova", "Haus"])
    )
