"""An answer that is taken back is none, in whatever language a model does so; a sentence that only looks like it is."""

import pytest
from agreement import same
from langgraph_moa.core.agreement.answers import final_answer
from langgraph_moa.core.agreement.languages import SPACED, UNSPACED
from langgraph_moa.core.agreement.remarks import contrasts, retracts

BACK = {
    "English": ["No, that is not right.", "Wait, that is wrong.", "Scratch that.", "I made a mistake.", "Strike that!"],
    "German": ["Nein, doch nicht.", "Moment, das stimmt nicht.", "Das ist falsch.", "Ich habe mich verrechnet.",
        "Korrektur folgt.",
               "Ich nehme das zurück."],
    "French": ["Non, finalement pas.", "Attendez, c'est faux.", "Je me suis trompé.", "Erreur de ma part.",
        "Je retire ma réponse.",
               "En fait, ce n'est pas ça."],
    "Spanish": ["No, en realidad no.", "Espera, está mal.", "Me equivoqué.", "Es incorrecto.", "Corrijo.",
        "Perdón, no es eso."],
    "Portuguese": ["Não, na verdade não.", "Espere, está errado.", "Eu me enganei.", "Isso é incorreto.",
        "Desculpe, corrigindo."],
    "Italian": ["No, anzi no.", "Aspetta, è sbagliato.", "Mi sono sbagliato.", "Correggo.", "Scusa, è errata.",
        "Non è così."],
    "Dutch": ["Nee, toch niet.", "Wacht, dat klopt niet.", "Dat is fout.", "Ik heb me vergist.", "Dat is onjuist."],
    "Polish": ["Nie, jednak nie.", "Czekaj, to błąd.", "Pomyliłem się.", "To jest źle.", "Przepraszam, poprawka."],
    "Russian": ["Нет, всё же нет.", "Подождите, это неверно.", "Я ошибся.", "Это неправильно.", "Стоп, не так."],
    "Ukrainian": ["Ні, все ж ні.", "Зачекайте, це неправильно.", "Я помилився.", "Перепрошую, це не так."],
    "Turkish": ["Hayır, öyle değil.", "Bekle, bu yanlış.", "Yanıldım.", "Özür dilerim, hatalı."],
    "Arabic": ["لا، ليس كذلك.", "انتظر، هذا خطأ.", "لقد أخطأت.", "هذا غير صحيح.", "عذرًا، تصحيح."],
    "Hindi": ["नहीं, यह सही नहीं है।", "रुकिए, यह गलत है।", "मुझसे गलती हुई।"],
    "Vietnamese": ["Không, thực ra không phải.", "Khoan, như vậy là sai.", "Tôi nhầm.", "Xin lỗi, đính chính."],
    "Indonesian": ["Tidak, bukan itu.", "Tunggu, itu salah.", "Saya keliru.", "Maaf, ralat."],
    "Swedish": ["Nej, inte så.", "Vänta, det är fel.", "Det stämmer inte.", "Förlåt, det var ett misstag."],
    "Chinese": ["不对，等等。", "等一下，错了。", "更正一下。", "抱歉，我算错了。", "这个答案不正确。",
        "不，其实不是。"],
    "Japanese": ["いや、違います。", "待ってください、間違えました。", "訂正します。", "それは正しくないです。"],
    "Korean": ["아니, 틀렸습니다.", "잠깐, 그게 아닙니다.", "정정합니다.", "죄송합니다, 잘못 계산했습니다."],
    "Thai": ["ไม่ใช่ เดี๋ยวก่อน", "ขอโทษ ผิดพลาด", "คำตอบนี้ผิด"],
}  # fmt: skip
HARMLESS = {
    "English": ["No doubt about it.", "There is no other solution.", "Without a doubt.", "Hope this helps!"],
    "German": ["Nein, es gibt keine weitere Lösung.", "Kein Zweifel.", "Das ist kein Fehler.", "Gern geschehen!",
        "Das ist die Antwort."],
    "French": ["Il n'y a pas d'autre solution.", "Sans aucun doute.", "Ce n'est pas une erreur.", "Voilà le résultat."],
    "Spanish": ["No hay otra solución.", "Sin duda.", "No es un error.", "Este es el resultado.", "No cabe duda."],
    "Portuguese": ["Não há outra solução.", "Sem dúvida.", "Não é um erro.", "Esse é o resultado."],
    "Italian": ["Non è un errore.", "Senza dubbio.", "Non ci sono altre soluzioni.", "Ecco il risultato."],
    "Dutch": ["Er is geen andere oplossing.", "Zonder twijfel.", "Geen twijfel.", "Dat is het antwoord."],
    "Polish": ["Nie ma innych rozwiązań.", "Bez wątpienia.", "To nie jest błąd.", "Oto wynik."],
    "Russian": ["Других решений нет.", "Без сомнения.", "Это не ошибка.", "Вот результат."],
    "Ukrainian": ["Інших розв'язків немає.", "Без сумніву.", "Це не помилка.", "Ось результат."],
    "Turkish": ["Başka çözüm yoktur.", "Şüphesiz.", "Bu bir sonuç.", "Hata yok."],
    "Arabic": ["لا شك في ذلك.", "لا يوجد حل آخر.", "هذه هي النتيجة."],
    "Hindi": ["कोई और हल नहीं है।", "निस्संदेह।", "यह परिणाम है।"],
    "Vietnamese": ["Không có đáp án nào khác.", "Không nghi ngờ gì.", "Đây là kết quả."],
    "Indonesian": ["Tidak ada jawaban lain.", "Tanpa ragu.", "Ini hasilnya."],
    "Swedish": ["Det finns ingen annan lösning.", "Utan tvekan.", "Det är svaret."],
    "Chinese": ["不错。", "没错。", "毫无疑问。", "没有其他解。", "这就是答案。", "准确无误。"],
    "Japanese": ["間違いありません。", "他に解はありません。", "これが答えです。", "に違いない。"],
    "Korean": ["틀림없습니다.", "다른 답은 없습니다.", "의심의 여지가 없습니다.", "이것이 답입니다."],
    "Thai": ["ไม่ต้องสงสัย", "นี่คือคำตอบ"],
}  # fmt: skip


def test_each_language_of_the_table_is_tried() -> None:
    assert BACK.keys() == HARMLESS.keys() == SPACED.keys() | UNSPACED.keys()


@pytest.mark.parametrize("language", BACK)
def test_an_answer_that_is_taken_back_is_none(language: str) -> None:
    for words in BACK[language]:
        for gap in ("\n", "\n\n"):
            for mark in ("Final answer: 666", "#### 666", "\\boxed{666}", "The answer is 666.", '{"answer": 666}'):
                assert final_answer(f"It is so.\n\n{mark}{gap}{words}") is None, f"{mark}{gap}{words}"


@pytest.mark.parametrize("language", HARMLESS)
def test_what_only_looks_like_it_takes_nothing_back(language: str) -> None:
    for words in HARMLESS[language]:
        assert not contrasts(words), words
        assert not retracts(f"\n\n{words}\n"), words
        for mark in ("Final answer: 42", "#### 42", "\\boxed{42}", '{"answer": 42}'):
            assert same("42", f"It is so.\n\n{mark}\n\n{words}"), f"{mark} {words}"
        assert final_answer(f"Final answer: 41\n\n{words}\n\nFinal answer: 42") is None, words


@pytest.mark.parametrize("language", HARMLESS)
def test_a_retraction_behind_what_is_harmless_counts(language: str) -> None:
    harmless, back = HARMLESS[language][0], BACK[language][0]

    assert final_answer(f"Final answer: 666\n\n{harmless} {back}") is None


LABELS = [
    "Answer:", "Antwort:", "Endgültige Antwort:", "Réponse finale :", "Respuesta:", "Resposta final:",
    "Risposta finale:",
    "Antwoord:", "Odpowiedź:", "Ответ:", "Відповідь:", "Cevap:", "الجواب:", "उत्तर:", "Đáp án:", "Jawaban akhir:",
    "Svar:", "答案：", "最终答案：", "答：", "答え：", "정답:", "คำตอบ:",
]  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_a_label_marks_an_answer_in_each_language(label: str) -> None:
    for text in (
        f"So.\n\n{label} 42",
        f"**{label}** 42",
        f"**{label} 42**",
        f"- {label}\n\n42",
        f"### {label} \\(42\\)",
    ):
        assert same("42", text), text
    assert final_answer(f"{label} 5\n\n```\nFinal answer: 666\n```") is None
    assert final_answer(f"{label} 5\n\nFinal answer: 42") is None
    assert final_answer(f"So {label} 42 or 43") is None
