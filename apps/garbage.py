"""The garbage collector of a process of our own: what is imported and built stays, and is not looked through again.

A library leaves it alone; a command may say what its process is for. Of a hundred thousand objects that are there once
a mixture is built a few dozen are garbage, so that nothing is collected first.
"""

import gc


def import_without_collecting() -> None:
    """Look for no garbage while modules are imported, which leaves hardly any: it takes a tenth of the time."""
    gc.disable()


def collect_from_now_on() -> None:
    """Look for garbage again, among what is made from now on."""
    gc.freeze()
    gc.enable()


def freeze_what_stays() -> None:
    """Leave what is there out of all collections to come; call it when a mixture is built, and nothing runs yet."""
    gc.freeze()
