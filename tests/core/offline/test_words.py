"""One notion of the same word: whatever way it is written, in documents and in questions."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph_moa.core.offline.documents import Passage
from langgraph_moa.core.offline.library import Library, tokenizer_for
from langgraph_moa.core.offline.words import key_words, one_spelling, sought_in

VARIANTS: list[Any] = ["words", "stems", "phrases", "headings"]
SAME = [
    ("e-mail address", "email"),
    ("The email address.", "e-mail"),
    ("email", "E‑Mail"),
    ("A time-out is long.", "timeout"),
    ("The login page.", "log-in"),
    ("We use C++ here.", "C++"),
    ("Notepad++ is here.", "notepad++"),
    ("A guide to C#.", "C#"),
    ("The .NET runtime.", "What is .NET?"),
    ("pi is 3.14", "3.14"),
    ("pi is 3,14", "3.14"),
    ("Part AB-123/4 fits.", "AB-123/4"),
    ("Part AB-123/4 fits.", "AB123/4"),
    ("Part AB-123/4 fits.", "AB-123"),
    ("Part AB-123 fits.", "AB123"),
    ("At 10:30 sharp.", "10:30"),
    ("The AT&T bill.", "AT&T"),
    ("It takes 12 V.", "12V"),
    ("rate_limited is a status", "rate_limited"),
    ("L'eau est froide", "eau"),
    ("L’eau est froide", "l'eau"),
    ("Aujourd'hui", "aujourd’hui"),
    ("aujourdhui", "aujourd'hui"),
    ("Der Bürgersteig", "burgersteig"),
    ("Le cafe", "Café"),
    ("Straße", "STRASSE"),
    ("STRASSE", "Straße"),
    ("œuvre", "oeuvre"),
    ("Łódź", "lodz"),
    ("smørrebrød", "smorrebrod"),
    ("ﬁnding ﬂaws", "finding"),
    ("１２３号", "123"),
    ("soft\u00adware", "software"),
    ("ΕΓΓΥΗΣΗ", "εγγύηση"),
    ("ΟΔΟΣ", "οδός"),
    ("İzmir", "IZMIR"),
    ("IŞIK", "ışık"),
    ("ёлка", "елка"),
    ("العَقْد", "عقد"),
    ("إلغاء", "الغاء"),
    ("كلمة من ١٢ حرفا", "12"),
    ("שלום עולם", "שָׁלוֹם"),
    ("हिन्दी में वारंटी दो साल है", "वारंटी"),
    ("தமிழ் உத்தரவாதம்", "உத்தரவாதம்"),
    ("本产品的保修期为两年。", "保修期"),
    ("本产品的保修期为两年。", "保修期多长？"),
    ("税率为十分之一", "税"),
    ("所得税", "税"),
    ("重跑gen-itgc后50条", "itgc"),
    ("重跑gen后50条", "gen"),
    ("请使用ＵＳＢ接口", "USB怎么用"),
    ("保証期間は二年間です。", "保証期間"),
    ("保証期間は二年間です。", "保証期間はどのくらいですか？"),
    ("バッテリーの充電", "ﾊﾞｯﾃﾘｰ"),
    ("がっこう", "がっこう"),
    ("보증기간은 2년입니다.", "보증기간"),
    ("보증기간은 2년입니다.", "보증기간이 얼마인가요?"),
    ("환불", "환불은 어떻게 하나요?"),
    ("ระยะเวลารับประกันสินค้า", "รับประกัน"),
    ("ການຮັບປະກັນສອງປີ", "ຮັບປະກັນ"),
    ("ការធានារយៈពេលពីរឆ្នាំ", "ធានា"),
    ("အာမခံကာလ နှစ်နှစ်", "အာမခံ"),
]
ANOTHER = [
    ("Only C is spoken.", "C++"),
    ("A guide to C++.", "C#"),
    ("First 3, then 9 and 14.", "3.14"),
    ("काल", "कल"),
    ("保険の期間", "保証"),
    ("환경", "환불"),
    ("Part AB-124.", "AB-123"),
]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("text", "question"), SAME)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_what_is_written_in_another_way_is_found_and_covered(variant: Any, text: str, question: str, form: Any) -> None:
    passage, other = Passage("a", "a", unicodedata.normalize(form, text)), Passage("b", "b", "The lamp is green.")
    library = Library([other, passage], tokenizer_for(variant))

    for asked in (question, unicodedata.normalize("NFD", question)):
        assert library.find(asked, variant, limit=2) == [passage]
        assert library.find(asked, variant, limit=2, share=0.4) == [passage]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("text", "question"), ANOTHER)
def test_what_looks_alike_is_another_word(variant: Any, text: str, question: str) -> None:
    assert Library([Passage("a", "a", text)], tokenizer_for(variant)).find(question, variant, limit=2) == []


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is a quorum, and what isn't?", ["quorum", "isn"]),
        ("How do GPT-4 and e-mail differ?", ["gpt", "gpt 4", "mail", "e mail", "differ"]),
        ("Quand change-t-on l'eau ?", ["quand", "change", "change t on", "eau"]),
        ("办公室几点开门", ["办公", "公室", "开门"]),
        ("什么", ["什么"]),
        ("これは何ですか", ["これ", "れは", "は何", "何で", "です", "すか"]),
        ("", []),
    ],
)
def test_a_question_is_about_its_words_but_for_how_it_asks(question: str, words: list[str]) -> None:
    assert key_words(question) == words


@settings(max_examples=300)
@given(st.text("aZ09 .-_'+#éßøıİΣσςёЩأة١ाीकक्षไทยกำ保修の間カﾊﾞ가\u1112\u1161은\u0301\u200b\ud7a4，", max_size=40))
def test_any_text_is_found_by_itself(text: str) -> None:
    library = Library([Passage("a", "a", text)], tokenizer_for("words"))

    assert bool(library.find(text, "words", limit=1)) == bool(sought_in(text).terms)


@given(st.text(max_size=60))
def test_what_is_folded_once_is_folded(text: str) -> None:
    assert one_spelling(one_spelling(text)) == one_spelling(text)
