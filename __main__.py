"""What `python -m langgraph_moa` runs: the command line."""

from langgraph_moa.apps.cli import main

if __name__ == "__main__":
    main()
