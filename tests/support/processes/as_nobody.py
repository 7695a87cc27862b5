"""Run the command line as a user who may write nowhere: `python as_nobody.py ARGUMENTS`, started by root."""

import codecs
import os
import runpy
import sys

NOBODY = 65534

if __name__ == "__main__":
    for encoding in ("utf-8-sig", "idna", "latin-1"):  # Python may lie where only root can read
        codecs.lookup(encoding)
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    sys.argv = ["langgraph-moa", *sys.argv[1:]]
    runpy.run_module("langgraph_moa", run_name="__main__", alter_sys=True)
