"""Run the command line by another clock: `python clocked.py SECONDS ARGUMENTS`, so many ahead, or behind."""

import runpy
import sys
import time

AHEAD = float(sys.argv[1])
_now, _now_ns = time.time, time.time_ns
time.time = lambda: _now() + AHEAD
time.time_ns = lambda: _now_ns() + int(AHEAD * 1e9)
sys.argv = ["langgraph-moa", *sys.argv[2:]]
runpy.run_module("langgraph_moa", run_name="__main__", alter_sys=True)
