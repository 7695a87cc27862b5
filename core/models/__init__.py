"""What is asked: names become models, with servers, windows, prices; `agreement` and all below enter."""
