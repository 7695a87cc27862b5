"""What a message holds beside text: pictures, PDFs, sound; told by kind, bounded in tokens, put into words."""
