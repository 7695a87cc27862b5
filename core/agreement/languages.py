"""Know how languages take an answer back, narrow it, hand a word to somebody else, and come to a conclusion.

One table: what is read of a text beside its answer must not be read in English alone.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Words(NamedTuple):
    """Say it in one language, as alternatives of a pattern; case is ignored."""

    begins: str
    """What takes an answer back where a sentence begins with it."""
    wrong: str
    """What calls it wrong, wherever it stands."""
    narrows: str
    """What narrows an answer, or sets another against it: whatever holds it says more than the answer does."""
    harmless: str
    """What holds such a word and says nothing of the kind."""
    sources: str
    """Who, or what, is quoted where a line ends in a colon."""
    concludes: str
    """How a sentence begins that tells its author's own result."""
    answer: str = ""
    """What an answer is called before a colon; English has a pattern of its own, in `marks.py`."""


SPACED = {
    "English": Words(
        r"(?:wait|hmm+|oops|sorry|actually|no(?!\. ?\d)|nope|correction|edit|update)(?=\s*(?:[,.!:;…—-]|\n|$)"
        r"|,? (?:that|this|i|it)\b)|scratch that|strike that|never ?mind"
        r"|disregard (?:that|this|it|the)|i take (?:that|this|it) back|(?:just )?kidding"
        r"|i (?:retract|withdraw)|hold on|on second thought"
        r"|(?:but )?(?:let me|let us|let's|i need to"
        r"|i should) (?:re-?(?:check|calc|comp|count|cons|do|eval|exam|think|read|work)\w*|double[ -]check|fix"
        r"|correct)",
        r"(?:that|this|it|which|above|answer|result) (?:(?:is|was) (?:wrong|incorrect|mistaken|a mistake)"
        r"|(?:isn't|is not|wasn't|was not) (?:right|correct))|(?:my|a) (?:mistake|error)|i (?:missed|forgot|misread"
        r"|mis\w*)"
        r"|contradicts?",
        r"wait|hmm|oops|sorry|edit|update|actually|no|not|nor|or|but|however|correct(?:ion|ed)|revised?|instead|rather"
        r"|unless|except(?:ion)?|otherwise|alternatively|mistaken?|wrong|incorrect|hold on|reflection|second thought"
        r"|let me re|missed|forgot|must be|should be|disagree|only|if",
        r"no doubt|without (?:a |any )?doubt|no (?:other|further) (?:solution|answer|possibilit)\w*"
        r"|no (?:mistakes?|errors?|problem)|not (?:a mistake|an error|wrong)",
        r"docs?|documents?|references?|sources?|(?:web ?)?page|(?:web)?site|articles?|passages?|excerpts?|snippets?"
        r"|evidence|readme|wiki\w*|citations?|quot(?:e|es|ed|ation)|footnotes?|tools?|models?|agents?|proposals?"
        r"|proposers?"
        r"|assistant|e-?mail|database",
        r"(?:it|that|this|the (?:answer|result|total|sum))(?:'s| is| are| was| makes| equals)|i (?:get|got|think"
        r"|say|believe|find|compute|conclude|would say)|my (?:own )?(?:answer|result|conclusion) is",
    ),
    "German": Words(
        r"nein|korrektur|berichtigung|entschuldig\w*|verzeihung|(?:moment|halt)(?=\s*[,.!:…—-])|stopp|warte"
        r"|stimmt nicht|doch nicht",
        r"falsch\w*|fehler\w*|irrtum|geirrt|verrechnet|vertan|verwechselt|korrigier\w*|berichtig\w*|widerruf\w*"
        r"|ungültig"
        r"|stimmt (?:so )?nicht|nicht (?:richtig|korrekt)|nehme (?:das|die antwort|es) zurück",
        r"nicht|nichts|kein\w*|doch|aber|jedoch|sondern|sonst|stattdessen|vielmehr|eigentlich|außer|wenn|nur|oder",
        r"nein, es gibt keine? (?:weiteren?|anderen?) \w+|keine? (?:weiteren?|anderen?) (?:lösung|antwort)\w*"
        r"|kein(?:e[nr]?)? (?:zweifel|frage|fehler|irrtum|problem)|ohne (?:zweifel|fehler)|nicht falsch|nicht schwer",
        r"dokument\w*|quellen?|referenz\w*|seite|webseite|text|artikel|abschnitt|werkzeug\w*|modell|zitat|beleg"
        r"|verweis|autor",
        r"es (?:ist|sind)|das (?:ist|sind|ergebnis ist)|ich (?:komme auf|erhalte|glaube|denke|meine|sage)"
        r"|meine antwort (?:ist|lautet)",
        r"(?:(?:die )?(?:endgültige|finale|richtige) )?antwort|endantwort",
    ),
    "French": Words(
        r"non|attend(?:s|ez|ons)|pardon|désolée?|(?:correction|rectification)(?=\s*[,.!:…—-])|en fait,? non"
        r"|je corrige|finalement,? non",
        r"erreurs?|faux|fausses?|incorrecte?|inexacte?|je me (?:suis trompée?|trompe|corrige)|je (?:rectifie|retire)"
        r"|pas (?:ça"
        r"|correct|juste|exact|bon)",
        r"non|pas|mais|cependant|toutefois|sauf|sinon|plutôt|seulement|ou|en fait",
        r"non, il n'y a pas d'autres? \w+|pas d'autres? (?:solution|réponse)s?|sans (?:aucun )?doute|pas de (?:doute"
        r"|problème|souci)|sans erreur|n'est pas une erreur|aucune erreur|non seulement",
        r"documents?|sources?|références?|page|site|texte|article|extrait|passage|outil|modèle|citation|auteur"
        r"|contexte",
        r"c'est|ce sont|je (?:trouve|pense|crois|dis)|j'obtiens|ma réponse est",
        r"(?:la )?réponse(?: finale| correcte)?",
    ),
    "Spanish": Words(
        r"espera\w*|perdón|perdona|disculp\w*|corrección|corrijo|rectifico|mejor dicho|en realidad,? no",
        r"incorrect[oa]s?|equivoqu\w+|equivocad\w+|errónea?|erróneo|errores|error|me retracto|no es (?:así"
        r"|correct[oa]|eso)|está mal",
        r"no|pero|sin embargo|sino|salvo|excepto|sólo|solo|solamente|en realidad|más bien",
        r"no, no hay (?:otras?|otros?|más) \w+|no hay (?:ninguna? )?(?:otras?|otros?|más) \w+|sin (?:ninguna )?duda"
        r"|no hay (?:duda|problema)"
        r"|no es (?:un|ningún) error|sin error(?:es)?|no cabe duda",
        r"documentos?|fuentes?|referencias?|página|sitio|texto|artículo|pasaje|herramienta|modelo|cita|autora?"
        r"|contexto",
        r"es|son|(?:yo )?(?:creo|pienso|obtengo|digo)|mi respuesta es",
        r"(?:la )?respuesta(?: final| correcta)?",
    ),
    "Portuguese": Words(
        r"não|espere?|espera|desculp\w*|perdão|correção|corrijo|corrigindo|na verdade,? não|aliás,? não",
        r"errad[oa]s?|incorret[oa]s?|erro|errei|enganei|equivoquei|equivocad\w+|retiro|está mal"
        r"|não é (?:isso|correto|certo)",
        r"não|mas|porém|contudo|exceto|senão|só|somente|apenas|ou|na verdade",
        r"não, não há (?:outras?|outros?|mais) \w+|não há (?:nenhuma )?(?:outras?|outros?|mais) \w+"
        r"|sem (?:nenhuma )?dúvida|não há (?:dúvida|problema)"
        r"|não é (?:um|nenhum) erro|sem erros?",
        r"documentos?|fontes?|referências?|página|site|texto|artigo|trecho|ferramenta|modelo|citação|autora?|contexto",
        r"é|são|(?:eu )?(?:acho|penso|obtenho|digo)|minha resposta é",
        r"(?:a )?resposta(?: final| correta)?",
    ),
    "Italian": Words(
        r"non|aspetta\w*|scusa\w*|correzione|correggo|anzi|in realtà,? no|ripensandoci",
        r"errat[oa]|sbagliat[oa]|sbagliavo|sbagliato|errore|scorrett[oa]|mi correggo|ritiro|non è (?:giust[oa]"
        r"|corrett[oa]|così)",
        r"no|non|ma|però|tuttavia|salvo|tranne|solo|soltanto|oppure|anzi|in realtà",
        r"no, non (?:ci sono|c'è) altr[eioa] \w+|non (?:ci sono|c'è) (?:altr[eioa]|nessun'altra) \w+"
        r"|senza (?:alcun )?dubbio|non c'è dubbio|nessun dubbio"
        r"|non è (?:un|uno|nessun) (?:errore|sbaglio)|senza errori|nessun errore|non solo",
        r"documento|documenti|font[ei]|riferiment[oi]|pagina|sito|testo|articolo|brano|strumento|modello|citazione"
        r"|autore",
        r"è|sono|(?:io )?(?:penso|credo|ottengo|dico)|la mia risposta è",
        r"(?:la )?risposta(?: finale| corretta)?",
    ),
    "Dutch": Words(
        r"nee|wacht|oeps|correctie|rectificatie|toch niet|eigenlijk niet",
        r"fout\w*|onjuist|verkeerd\w*|vergist|vergiste|klopt (?:toch )?niet|niet (?:juist|goed|correct)"
        r"|trek \w+ (?:in|terug)",
        r"niet|geen|maar|echter|toch|tenzij|behalve|alleen|slechts|eigenlijk",
        r"nee, er (?:is|zijn) geen (?:andere|verdere) \w+|er (?:is|zijn) geen (?:andere|verdere) \w+|geen (?:twijfel"
        r"|probleem|fout\w*)|zonder (?:twijfel|fouten)"
        r"|niet fout",
        r"document\w*|bron|bronnen|referentie|verwijzing|pagina|website|tekst|artikel|gereedschap|model|citaat|auteur",
        r"het (?:is|zijn)|dat is|ik (?:kom op|denk|geloof|zeg)|mijn antwoord is",
        r"(?:het )?(?:definitieve |juiste )?antwoord|eindantwoord",
    ),
    "Polish": Words(
        r"nie|czekaj|chwila|przepraszam|poprawka|korekta|jednak nie|sprostowanie",
        r"błąd|błędn\w+|błędu|źle|niepopraw\w+|nieprawidłow\w+|pomyli\w+|pomyłka|nieprawda|wycofuję|mylę się",
        r"nie|ale|jednak|lecz|jeśli|jeżeli|tylko|chyba|albo|lub|zamiast|właściwie",
        r"nie, nie ma (?:innych|innego|więcej) \w+|nie ma (?:innych|innego|więcej) \w+|bez wątpienia"
        r"|nie ma (?:wątpliwości|problemu)"
        r"|nie jest błąd|to nie błąd|bez błędu|nie tylko",
        r"dokument\w*|źród\w+|odniesieni\w+|strona|tekst|artykuł|fragment|narzędzie|model|cytat|autor",
        r"to (?:jest|są)|jest to|myślę|uważam|otrzymuję|moja odpowiedź to",
        r"(?:ostateczna |końcowa )?odpowiedź",
    ),
    "Russian": Words(
        r"нет|подожди\w*|погоди\w*|стоп|извини\w*|простите|исправ\w*|поправка|вернее|точнее,? нет|хотя нет",
        r"ошиб\w*|неверн\w*|неправ\w*|не(?:правильн|корректн)\w*|не так|беру \w+ назад|не верно",
        r"не|нет|но|однако|если|только|кроме|или|иначе|хотя|а не|вместо",
        r"нет, других \w+ нет|других \w+ нет|нет (?:других|иных) \w+|без (?:всякого )?сомнени\w+|нет сомнений"
        r"|несомненно"
        r"|не ошибка|без ошиб\w+|нет ошиб\w+|не только",
        r"документ\w*|источник\w*|ссылк\w+|страниц\w+|сайт\w*|текст\w*|стать\w+|инструмент\w*|модел\w+|цитат\w+"
        r"|автор\w*",
        r"это|получается|я (?:думаю|считаю|получаю)|мой ответ",
        r"(?:окончательный |итоговый |правильный )?ответ",
    ),
    "Ukrainian": Words(
        r"ні|зачекай\w*|почекай\w*|стоп|вибач\w*|перепрошую|виправ\w*|поправка|точніше|хоча ні",
        r"помил\w*|неправильн\w*|невірн\w*|хибн\w*|не так|не вірно|беру \w+ назад",
        r"не|ні|але|проте|однак|якщо|тільки|лише|крім|або|чи|інакше|хоча|замість",
        r"ні, інших [\w']+ немає|інших [\w']+ нема(?:є)?|нема(?:є)? інших [\w']+|без (?:жодного )?сумніву"
        r"|немає сумнівів|безсумнівно"
        r"|не помилка|без помил\w+|не тільки|не лише",
        r"документ\w*|джерел\w+|посиланн\w+|сторін\w+|сайт\w*|текст\w*|статт\w+|інструмент\w*|модел\w+|цитат\w+"
        r"|автор\w*",
        r"це|виходить|я (?:думаю|вважаю|отримую)|моя відповідь",
        r"(?:остаточна |кінцева |правильна )?відповідь",
    ),
    "Turkish": Words(
        r"hayır|yok hayır|dur|bekle\w*|özür\w*|kusura bakma\w*|düzeltme|düzeltiyorum|aslında hayır",
        r"yanlış\w*|hata\w*|hatalı|yanıldım|yanılmışım|doğru değil|değil|geri alıyorum",
        r"değil|ama|ancak|fakat|eğer|sadece|yalnızca|veya|ya da|yoksa|aslında|hayır",
        r"hayır, başka \w+ yok(?:tur)?|başka \w+ yok(?:tur)?|şüphesiz|şüphe yok|kuşkusuz|hata (?:değil|yok)"
        r"|yanlış değil|hatasız|sorun değil",
        r"belge\w*|kaynak\w*|kaynağ\w*|referans\w*|sayfa\w*|metin|makale\w*|araç|model|alıntı|yazar",
        r"bence|sonuç|cevabım|bana göre",
        r"(?:nihai |son |doğru )?(?:cevap|yanıt)",
    ),
    "Arabic": Words(
        r"لا|كلا|انتظر|عذرًا|عذرا|عفوًا|عفوا|آسف|تصحيح|مهلا|مهلًا|بل",
        r"خطأ|خاطئ\w*|أخطأت|غير صحيح\w*|ليس (?:صحيح\w*|كذلك)|أتراجع|ليست صحيحة",
        r"لا|ليس|ليست|لكن|ولكن|غير|إلا|إذا|فقط|أو|بل",
        r"لا، لا (?:يوجد|توجد) حل آخر|لا (?:يوجد|توجد) (?:حل|حلول|إجابة|إجابات)\w* (?:آخر|أخرى)|لا شك\w*|بلا شك"
        r"|بدون شك|ليس خطأ|بلا خطأ"
        r"|لا مشكلة",
        r"المستند|مستند|الوثيقة|وثيقة|المصدر|مصدر|المصادر|المرجع|مرجع|الصفحة|النص|المقال|الأداة|النموذج|اقتباس|المؤلف",
        r"إنه|هو|هي|أعتقد|أظن|إجابتي|جوابي|الناتج",
        r"(?:ال)?(?:إجابة|جواب)(?: النهائية| النهائي)?",
    ),
    "Vietnamese": Words(
        r"không|khoan|chờ|đợi|xin lỗi|đính chính|sửa lại|à không|thực ra không",
        r"sai|nhầm|không (?:đúng|phải|chính xác)|lỗi|rút lại",
        r"không|nhưng|tuy nhiên|nếu|chỉ|trừ|hoặc|thay vì|thực ra",
        r"không còn \w+ (?:\w+ )?(?:nào )?khác|không có \w+ (?:\w+ )?nào khác|không nghi ngờ gì|chắc chắn không sai"
        r"|không (?:sai|có lỗi|nhầm|phải là lỗi)|không có vấn đề|không chỉ",
        r"tài liệu|nguồn|tham khảo|trang|văn bản|bài viết|công cụ|mô hình|trích dẫn|tác giả",
        r"đó là|là|tôi (?:nghĩ|tin|tính được)|câu trả lời của tôi",
        r"đáp án(?: cuối cùng)?|câu trả lời(?: cuối cùng)?",
    ),
    "Indonesian": Words(
        r"tidak|bukan|tunggu|maaf|koreksi|ralat|eh bukan|sebentar",
        r"salah|keliru|kesalahan|tidak (?:benar|tepat|betul)|saya tarik|bukan itu",
        r"tidak|bukan|tapi|tetapi|namun|jika|kalau|hanya|kecuali|atau|melainkan|sebenarnya",
        r"tidak ada (?:\w+ )?(?:lain|lainnya|lagi)|tidak diragukan lagi|tanpa ragu|tidak salah|bukan kesalahan"
        r"|tidak masalah|tidak hanya|tanpa kesalahan",
        r"dokumen|sumber|referensi|rujukan|halaman|situs|teks|artikel|kutipan|alat|model|penulis",
        r"itu adalah|saya (?:pikir|rasa|yakin)|jawaban saya",
        r"jawaban(?: akhir| benar)?",
    ),
    "Swedish": Words(
        r"nej|vänta|förlåt|ursäkta|rättelse|korrigering|nej,? vänta|stopp",
        r"fel|felet|felaktig\w*|inkorrekt|misstag\w*|stämmer inte|inte (?:rätt|korrekt)|tar tillbaka",
        r"inte|ingen|inget|inga|utan|bara|endast|eller|egentligen",
        r"nej, det finns ing(?:a|en|et) (?:andra|annan|annat|fler) \w+|det finns ing(?:a|en|et) (?:andra|annan|annat"
        r"|fler) \w+|ingen tvekan|utan tvekan|utan tvivel"
        r"|inte fel|inget fel|inga problem",
        r"dokument\w*|källan?|källor|referens\w*|sidan?|webbsida\w*|texten?|artikeln?|verktyget|modellen|citat\w*",
        r"det (?:är|blir)|jag (?:får|tror|tycker|säger)|mitt svar är",
        r"(?:slutligt |slutgiltigt )?svar|slutsvar",
    ),
}
"""Languages that set blanks between words."""
UNSPACED = {
    "Chinese": Words(
        r"等等|等一下|且慢|不对|不對|不，|不是|抱歉|对不起|對不起|更正|修正|纠正|糾正|我错|我錯|其实不|應該不",
        r"有误|有誤|错了|錯了|错误|錯誤|弄错|算错|算錯|搞错|写错|看错|不对|不對|不正确|不正確|收回|有问题|更正|纠正"
        r"|算錯"
        r"|不是这个|不是這個",
        r"不|没|沒|但|可是|然而|如果|若|除非|只|或|否则|否則|而是|其实|其實|应为|應為|应该是|應該是|错|錯",
        r"不错|不錯|没错|沒錯|没有?错误|沒有?錯誤|没有?问题|沒有?問題|毫无疑问|毫無疑問|无误|無誤|不会有错"
        r"|没有?(?:其他|别的)(?:解|答案)"
        r"|沒有?(?:其他|別的)(?:解|答案)|不难|不仅|不用谢|不客气|不是错误",
        r"文档|文檔|文件|参考|參考|来源|來源|资料|資料|网页|網頁|页面|頁面|文章|工具|模型|引用|原文|作者|材料"
        r"|据\w{1,6}说",
        r"是|我(?:认为|認為|觉得|得到|算出)|我的答案",
        r"(?:最终|最終|最后|最後|正确|正確)?答案|答",
    ),
    "Japanese": Words(
        r"待って|いや|いいえ|訂正|すみません|すいません|失礼|ごめん|違い|やっぱり",
        r"間違(?:い(?!な|では?な|あり)|え|っ)|違い(?:ます|ました)|違う|誤り(?!は?な|では?な|はあり)|正しくな"
        r"|ではありません|でした、訂正|撤回",
        r"ない|ません|しかし|ですが|だが|もし|ただし|のみ|だけ|または|あるいは|むしろ|ではなく|違",
        r"間違い(?:は)?(?:ない|ありません|なく)|間違いでは(?:ない|ありません)|誤りでは(?:ない|ありません)"
        r"|誤りは(?:ない|ありません)|問題(?:は)?(?:ない|ありません)|いいえ、他に(?:解|答え)は(?:ない|ありません)"
        r"|他に(?:解|答え)は(?:ない|ありません)"
        r"|疑い(?:は|の余地は)?(?:ない|ありません)|に違いない|に違いありません",
        r"文書|ドキュメント|出典|参考|資料|ページ|サイト|記事|ツール|モデル|引用|原文|著者|参照",
        r"です|私は|答えは|結果は|それは",
        r"(?:最終的?な?)?(?:答え|回答|解答)",
    ),
    "Korean": Words(
        r"잠깐|잠시만|아니|아니요|정정|죄송|미안|수정|다시 보니",
        r"틀렸|틀린(?! 것이 아)|잘못(?! ?없)|오답|오류(?!가? ?(?:없|아니))|정정합|아닙니다|아니었|맞지 않|취소",
        r"아니|아닙|않|못|없|하지만|그러나|만약|오직|또는|대신|사실은|단,|만일",
        r"틀림없|의심(?:의 여지)?(?:이|은|가|는)? ?없|문제 ?없|오류(?:가|는)? ?(?:없|아닙니다|아니)|잘못(?:이"
        r"|은)? ?(?:없|아닙니다|아니)"
        r"|다른 (?:답|해|해답|풀이)(?:은|는|이|가)? ?없\w*|틀린 것이 아닙니다|실수가 아닙니다",
        r"문서|출처|참고|자료|페이지|사이트|기사|도구|모델|인용|원문|저자|참조",
        r"저는|제 (?:답|생각)|결과는|그것은|이것은",
        r"(?:최종 ?)?(?:정답|답변|답)",
    ),
    "Hindi": Words(
        r"नहीं|रुकिए|रुको|रुकें|माफ़ \w+|माफ \w+|क्षमा\w*|सुधार|ठहरिए|असल में नहीं",
        r"गलत|ग़लत|गलती|ग़लती|त्रुटि|सही नहीं|ठीक नहीं",
        r"नहीं|लेकिन|परंतु|परन्तु|किंतु|मगर|अगर|यदि|केवल|सिर्फ|बल्कि",
        r"कोई (?:और|अन्य|दूसरा) \w+ नहीं(?: है)?|कोई (?:शक|संदेह|समस्या) नहीं|निस्संदेह|बेशक|"
        r"गलती नहीं|ग़लती नहीं|गलत नहीं|ग़लत नहीं",
        r"दस्तावेज़|दस्तावेज|स्रोत|संदर्भ|पृष्ठ|पेज|लेख|पाठ|उपकरण|मॉडल|उद्धरण|लेखक",
        r"यह|मुझे लगता है|मेरा उत्तर|मेरे अनुसार",
        r"(?:अंतिम |सही )?उत्तर",
    ),
    "Thai": Words(
        r"ไม่ใช่|เดี๋ยว|รอก่อน|ขอโทษ|ขออภัย|แก้ไข",
        r"ผิดพลาด|ไม่ถูกต้อง|ผิด|ไม่ใช่|ถอนคำ",
        r"ไม่|แต่|ถ้า|หาก|เท่านั้น|หรือ|ยกเว้น",
        r"ไม่ผิด|ไม่มีข้อสงสัย|ไม่ต้องสงสัย|ไม่มีปัญหา|ไม่มีคำตอบอื่น",
        r"เอกสาร|แหล่งที่มา|อ้างอิง|หน้าเว็บ|บทความ|เครื่องมือ|โมเดล|ผู้เขียน",
        r"คือ|ฉันคิดว่า|ผมคิดว่า|คำตอบของฉัน",
        r"คำตอบ(?:สุดท้าย)?",
    ),
}
"""Languages whose words stand side by side, or end in signs that are no letters to a pattern."""


def spaced(*fields: str) -> str:
    """Return a pattern of what these fields hold in languages that set blanks between words."""
    return _joined(SPACED, fields)


def unspaced(*fields: str) -> str:
    """Return the same of the other languages."""
    return _joined(UNSPACED, fields)


def _joined(languages: Mapping[str, Words], fields: Sequence[str]) -> str:
    return "|".join(filter(None, (getattr(words, field) for words in languages.values() for field in fields)))
