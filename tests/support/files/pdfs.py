"""Write small PDFs."""

from pathlib import Path

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def pdf(path: Path, *pages: list[str], password: str | None = None) -> Path:
    writer = PdfWriter()
    font = {"Type": "Font", "Subtype": "Type1", "BaseFont": "Helvetica"}
    named = DictionaryObject({NameObject(f"/{key}"): NameObject(f"/{value}") for key, value in font.items()})
    for lines in pages:
        page = writer.add_blank_page(width=400, height=400)
        fonts = DictionaryObject({NameObject("/F1"): named})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = DecodedStreamObject()
        shown = " T* ".join(f"({line}) Tj" for line in lines)
        content.set_data(f"BT /F1 12 Tf 14 TL 20 380 Td {shown} ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(path)
    return path
