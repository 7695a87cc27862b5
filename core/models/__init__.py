"""What is asked: names become models, with their servers, windows, prices and limits."""
